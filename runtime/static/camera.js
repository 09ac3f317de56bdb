// Reads a QR code with the camera, or from a picture, and hands its text to a form; nothing leaves this device.
//
// <form data-camera method="post" action="…"><input name="link"> … </form>
//   <video data-camera-picture>, <button data-camera-start>, <p data-camera-said role="status"> with texts in data-…

const SCANS_A_SECOND = 8;
const LARGEST = 1280;

async function loadReader() {
  if ("BarcodeDetector" in window) {
    const formats = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
    if (formats.includes("qr_code")) {
      const detector = new window.BarcodeDetector({ formats: ["qr_code"] });
      return async (canvas) => (await detector.detect(canvas))[0]?.rawValue ?? "";
    }
  }
  await new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = "/static/vendor/jsqr-1.4.0/jsQR.js";
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
  return async (canvas, context) => {
    const picture = context.getImageData(0, 0, canvas.width, canvas.height);
    return window.jsQR(picture.data, picture.width, picture.height)?.data ?? "";
  };
}

function draw(canvas, context, source, width, height) {
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}

function prepare(form) {
  const video = form.querySelector("[data-camera-picture]");
  const start = form.querySelector("[data-camera-start]");
  const stop = form.querySelector("[data-camera-stop]");
  const said = form.querySelector("[data-camera-said]");
  const file = form.querySelector("[data-camera-file]");
  const link = form.querySelector("[name=link]");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let stream = null;
  let reader = null;

  const say = (what) => { said.textContent = said.dataset[what] ?? ""; };
  const end = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    video.hidden = true;
    stop.hidden = true;
    start.hidden = false;
  };
  const found = (text) => {
    end();
    say("found");
    link.value = text;
    form.requestSubmit();
  };
  const scan = async () => {
    if (!stream) return;
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      draw(canvas, context, video, video.videoWidth, video.videoHeight);
      const text = await reader(canvas, context).catch(() => "");
      if (text && stream) { found(text); return; }
    }
    setTimeout(scan, 1000 / SCANS_A_SECOND);
  };

  start.hidden = !navigator.mediaDevices?.getUserMedia;
  start.addEventListener("click", async () => {
    say("starting");
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
    } catch (error) {
      say(error.name === "NotAllowedError" ? "refused" : "missing");
      return;
    }
    try {
      reader ??= await loadReader();
    } catch {
      end();
      say("broken");
      return;
    }
    video.srcObject = stream;
    video.hidden = false;
    stop.hidden = false;
    start.hidden = true;
    say("looking");
    await video.play();
    scan();
  });
  stop.addEventListener("click", () => { end(); say("stopped"); });
  window.addEventListener("pagehide", end);

  file?.addEventListener("change", async () => {
    if (!file.files?.length) return;
    say("reading");
    try {
      reader ??= await loadReader();
      const picture = await createImageBitmap(file.files[0]);
      draw(canvas, context, picture, picture.width, picture.height);
      const text = await reader(canvas, context);
      if (text) found(text); else say("nothing");
    } catch {
      say("unreadable");
    }
    file.value = "";
  });
}

for (const form of document.querySelectorAll("form[data-camera]")) prepare(form);
