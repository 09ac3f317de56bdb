// The camera of a page, and what reads QR codes in its pictures; nothing leaves this device.
//
//   <video data-camera-picture hidden>, <button data-camera-start hidden>, <button data-camera-stop hidden>,
//   <p role="status" data-camera-said> with what is said in data-starting, data-looking, data-found, data-stopped,
//   data-refused, data-missing, data-busy, data-broken, data-unavailable (templates/camera.html has them all)

const REFUSALS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "missing", NotReadableError: "busy", AbortError: "busy" };

// A reader takes a canvas with its context, and answers with the texts of the codes in it
let ours = null;

function loadOurs() {
  ours ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/static/vendor/jsqr-1.4.0/jsQR.js";
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => { ours = null; reject(new Error("the reader did not load")); });
    document.head.append(script);
  }).then(() => (canvas, context, options) => {
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    const text = window.jsQR(picture.data, picture.width, picture.height, options)?.data;
    return text ? [text] : [];
  });
  return ours;
}

export async function loadReader() {
  if (!("BarcodeDetector" in window)) return loadOurs();
  const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return loadOurs();
  const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
  return async (canvas, context, options) => {
    try {
      return (await detector.detect(canvas)).map((code) => code.rawValue).filter(Boolean);
    } catch {
      // The browser's own reader is there by name only: ours sees too
      return (await loadOurs())(canvas, context, options);
    }
  };
}

export function draw(canvas, context, source, width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}

// What the camera sees goes to `seen`, text by text; true: that was all, and the camera is off. `side` is the longest side of
// the pictures that are looked at, `pause` the milliseconds between two looks, `options` are for our own reader.
export function openEye(form, { side, pause, options, seen }) {
  const part = (name) => form.querySelector(`[data-camera-${name}]`);
  const [video, start, stop, said] = ["picture", "start", "stop", "said"].map(part);
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
  const look = async (reader) => {
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return [];
    draw(canvas, context, video, video.videoWidth, video.videoHeight, side);
    return reader(canvas, context, options);
  };
  const scan = async (reader, mine) => {
    // The page may have put another form in the place of this one
    if (mine === turn && !form.isConnected) end();
    if (mine !== turn) return;
    let texts = [];
    try {
      texts = await look(reader);
    } catch {
      if (mine === turn) fail("broken");
      return;
    }
    for (const text of texts) {
      if (mine !== turn) return;
      if (await seen(text)) {
        if (mine !== turn) return;
        end();
        say("found");
        return;
      }
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

  end();
  if (start.hidden) say("unavailable");
  start.addEventListener("click", begin);
  stop.addEventListener("click", () => { end(); say("stopped"); start.focus(); });
  // Nobody is watched by a page that they do not look at
  window.addEventListener("pagehide", end);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && stream) { end(); say("stopped"); }
  });
  return { end, say };
}
