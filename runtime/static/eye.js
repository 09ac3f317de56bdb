// An eye for codes: the camera or a picture, read in this browser. What it sees goes to whoever asked for it, and nowhere else.
//
// Around it is a form with the parts of the template camera.html:
//   <video data-camera-picture hidden>, <button data-camera-start hidden>, <button data-camera-stop hidden>,
//   <div data-camera-choose hidden> around <input type="file" data-camera-file> (may be missing),
//   <p role="status" data-camera-said> with what is said in data-starting, data-looking, data-found, data-stopped,
//   data-refused, data-missing, data-busy, data-broken, data-unavailable, data-reading, data-nothing, data-unreadable

const PICTURE_SIDES = [1280, 2560, 640]; // a code may be small in a large picture, or too sharp to be seen
const LARGEST_FILE = 30e6; // bytes
const REFUSALS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", NotReadableError: "busy", AbortError: "busy" };

// A reader takes a canvas with its context, and answers with the text of a code, or with none
let ours = null;

function loadOurs() {
  ours ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/static/vendor/jsqr-1.4.0/jsQR.js";
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => { ours = null; reject(new Error("the reader did not load")); });
    document.head.append(script);
  }).then(() => (canvas, context) => {
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    return window.jsQR(picture.data, picture.width, picture.height)?.data ?? "";
  });
  return ours;
}

async function loadReader() {
  if (!("BarcodeDetector" in window)) return loadOurs();
  const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return loadOurs();
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  return async (canvas, context) => {
    try {
      return (await detector.detect(canvas))[0]?.rawValue ?? "";
    } catch {
      // The browser's own reader is there by name only: ours sees too
      return (await loadOurs())(canvas, context);
    }
  };
}

function draw(canvas, context, source, width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}

// `onText` takes the text of a code, and says (or promises) whether it was enough; `pause`: milliseconds between two looks
export function openEye(form, onText, { pause = 125, side = 1280 } = {}) {
  const part = (name) => form.querySelector(`[data-camera-${name}]`);
  const [video, start, stop, said, choose, file] = ["picture", "start", "stop", "said", "choose", "file"].map(part);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let stream = null;
  let turn = 0; // which use of the camera this is: what belongs to an earlier one is over

  const say = (what) => { said.textContent = said.dataset[what] ?? ""; };
  const letGo = (old) => { for (const track of old?.getTracks() ?? []) track.stop(); };
  const end = () => {
    turn += 1;
    letGo(stream);
    stream = null;
    video.srcObject = null;
    video.hidden = true;
    stop.hidden = true;
    start.hidden = !navigator.mediaDevices?.getUserMedia;
    start.disabled = false;
  };
  // The camera cannot be used: the keyboard is where one can start it again, unless it has gone on meanwhile
  const fail = (what) => {
    const gone = [document.body, stop].includes(document.activeElement);
    end();
    say(what);
    if (gone) start.focus();
  };
  const isEnough = async (text) => {
    if (!await onText(text)) return false;
    end();
    say("found");
    return true;
  };
  const scan = async (reader, mine) => {
    if (mine !== turn) return;
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth) {
      draw(canvas, context, video, video.videoWidth, video.videoHeight, side);
      let text = "";
      try {
        text = await reader(canvas, context);
      } catch {
        if (mine === turn) fail("broken");
        return;
      }
      if (mine !== turn) return;
      if (text && await isEnough(text)) return;
    }
    setTimeout(() => scan(reader, mine), pause);
  };
  const begin = async () => {
    turn += 1;
    const mine = turn;
    start.disabled = true;
    say("starting");
    let opened = null;
    try {
      opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
    } catch (error) {
      if (mine === turn) fail(REFUSALS[error.name] ?? "busy");
      return;
    }
    // Left, or turned off, while the browser was still asking
    if (mine !== turn) { letGo(opened); return; }
    stream = opened;
    try {
      const reader = await loadReader();
      if (mine !== turn) return;
      for (const track of stream.getVideoTracks()) {
        track.addEventListener("ended", () => { if (mine === turn) fail("broken"); });
      }
      video.srcObject = stream;
      video.hidden = false;
      stop.hidden = false;
      start.hidden = true;
      stop.focus();
      say("looking");
      await video.play();
      scan(reader, mine);
    } catch {
      if (mine === turn) fail("broken");
    }
  };
  const readPicture = async (chosen) => {
    end();
    say("reading");
    try {
      if (chosen.size > LARGEST_FILE) throw new RangeError("too large");
      const picture = await createImageBitmap(chosen);
      const reader = await loadReader();
      for (const length of PICTURE_SIDES) {
        draw(canvas, context, picture, picture.width, picture.height, length);
        const text = await reader(canvas, context);
        if (text && await isEnough(text)) return;
      }
      say("nothing");
    } catch {
      say("unreadable");
    }
  };

  end();
  if (start.hidden) say("unavailable");
  if (choose) choose.hidden = false;
  start.addEventListener("click", begin);
  stop.addEventListener("click", () => { end(); say("stopped"); start.focus(); });
  // Nobody is watched by a page that they do not look at
  window.addEventListener("pagehide", end);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && stream) { end(); say("stopped"); }
  });
  file?.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) await readPicture(chosen);
    file.value = "";
  });
}
