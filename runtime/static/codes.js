// Messages from screen to camera as codes that follow each other (docs/decisions/0030).
//
// <canvas data-moving-codes="address" data-failed="…"> shows one: from the address come {modules, frames}, see runtime/moving_codes.py
// <form data-moving-reader method="post" action="…"> reads one, and sends it in base64url once all of it is there: around
//   <input type="hidden" name="message">, an eye (eye.js), <progress data-moving-progress hidden>,
//   <p data-moving-said data-parts="{read} of {needed} …" data-spoilt="…" hidden>
// Other codes that the same camera sees come as the event "code-seen" with `detail.text`. Who prevents its default has
// taken the code, and the camera ends. <input type="hidden" name="link" data-schemes="mdoc: openid4vp:"> takes links of
// these schemes by itself: the form is sent with it and without a message.

import { openEye } from "./eye.js";
import { FrameDecoder, FrameError, PREFIX } from "./frames.js";

const PERIOD = 100; // milliseconds for one code
const QUIET = 4; // modules around it
const AGAIN = 2000; // milliseconds after which codes that did not come are asked for again
const READER = { pause: 10, side: 960, options: { inversionAttempts: "dontInvert" } }; // ours are dark on light

const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const toBase64url = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

// Dark on light in every colour scheme; a module is a whole number of pixels
function paint(canvas, modules, rows) {
  const all = modules + 2 * QUIET;
  const scale = Math.max(1, Math.round(canvas.clientWidth * window.devicePixelRatio / all));
  if (canvas.width !== all * scale) canvas.width = canvas.height = all * scale;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#000";
  const width = Math.ceil(modules / 8);
  const dark = (row, column) => rows[row * width + (column >> 3)] & 0x80 >> (column & 7);
  for (let row = 0; row < modules; row += 1) {
    for (let column = 0; column < modules; column += 1) {
      const begin = column;
      while (column < modules && dark(row, column)) column += 1;
      if (column > begin) context.fillRect((QUIET + begin) * scale, (QUIET + row) * scale, (column - begin) * scale, scale);
    }
  }
}

async function fetchCodes(canvas) {
  while (canvas.isConnected) {
    const answer = await fetch(canvas.dataset.movingCodes, { cache: "no-store" }).catch(() => null);
    if (answer?.ok) return answer.json();
    if (answer && answer.status < 500) break; // there is nothing to show, and there will not be
    await new Promise((resolve) => { setTimeout(resolve, AGAIN); });
  }
  return null;
}

async function show(canvas) {
  const codes = await fetchCodes(canvas);
  if (!codes) {
    canvas.hidden = true;
    const said = document.createElement("p");
    said.setAttribute("role", "alert");
    said.textContent = canvas.dataset.failed ?? "";
    if (said.textContent) canvas.after(said);
    return;
  }
  const frames = codes.frames.map(fromBase64);
  let next = 0;
  let due = 0;
  // Browsers call this only while the page is seen. Where they are late, codes take longer and none is left out
  const tick = (now) => {
    if (!canvas.isConnected) return;
    requestAnimationFrame(tick);
    if (now < due || !canvas.clientWidth) return;
    due = Math.max(due + PERIOD, now + PERIOD / 2);
    paint(canvas, codes.modules, frames[next]);
    next = (next + 1) % frames.length;
  };
  requestAnimationFrame(tick);
}

function read(form) {
  const decoder = new FrameDecoder();
  const bar = form.querySelector("[data-moving-progress]");
  const said = form.querySelector("[data-moving-said]");
  const link = form.querySelector("[name=link]");
  const message = form.querySelector("[name=message]");
  const send = (field, value) => { field.value = value; form.requestSubmit(); return true; };

  const seenOther = (text) => {
    const event = new CustomEvent("code-seen", { detail: { text }, bubbles: true, cancelable: true });
    if (!form.dispatchEvent(event)) return true;
    const schemes = link?.dataset.schemes?.split(" ") ?? [];
    return schemes.some((scheme) => text.toLowerCase().startsWith(scheme)) && send(link, text);
  };
  const tell = ({ read: have, needed }) => {
    bar.hidden = said.hidden = false;
    bar.max = needed;
    bar.value = have;
    said.textContent = said.dataset.parts.replace("{read}", have).replace("{needed}", needed);
  };
  const seen = async (text) => {
    if (!text.startsWith(PREFIX)) return seenOther(text);
    try {
      const whole = await decoder.add(text);
      if (whole) {
        bar.value = bar.max;
        return send(message, toBase64url(whole));
      }
      if (decoder.progress.needed) tell(decoder.progress);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      if (error.spoilt) { bar.value = 0; said.textContent = said.dataset.spoilt; }
    }
    return false;
  };
  openEye(form, { ...READER, seen });
}

// Once for each, also where page.js puts a new one in the place of an old one
const known = new WeakSet();

function prepareAll() {
  const once = (selector, prepare) => {
    for (const one of document.querySelectorAll(selector)) {
      if (!known.has(one)) { known.add(one); prepare(one); }
    }
  };
  once("canvas[data-moving-codes]", show);
  once("form[data-moving-reader]", read);
}

document.addEventListener("prepared", prepareAll);
prepareAll();
