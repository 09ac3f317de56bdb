// Messages from screen to camera as codes that follow each other (docs/decisions/0030).
//
// <canvas data-moving-codes="address"> shows them: from the address come {modules, frames, next}, where a frame is its modules as bits.
// <form data-moving-reader method="post" action="…"> around an eye (eye.js), <progress data-moving-progress> and <input name="message">
//   reads them, and sends the message in base64url once all of it is there.

import { openEye } from "/static/eye.js";

const PREFIX = "HF1:";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const MAX_FRAME = 1024; // characters
const MAX_PART = 512; // bytes
const MAX_PARTS = 128;
const MAX_MESSAGES = 4; // collected beside each other
const ID = 8;
const DIGEST = 32;
const PERIOD = 100; // milliseconds for one code
const QUIET = 4; // modules
const SCALE = 8; // pixels for a module

// GF(256) by x⁸+x⁴+x³+x²+1
const POWERS = new Uint8Array(510);
const LOGS = new Uint8Array(256);
for (let exponent = 0, number = 1; exponent < 255; exponent += 1) {
  POWERS[exponent] = POWERS[exponent + 255] = number;
  LOGS[number] = exponent;
  number = number << 1 ^ (number & 0x80 ? 0x11d : 0);
}
const inverse = (number) => POWERS[255 - LOGS[number]];

// To plus factor times data
function add(to, data, factor) {
  if (!factor) return;
  const log = LOGS[factor];
  for (let i = 0; i < to.length; i += 1) if (data[i]) to[i] ^= POWERS[log + LOGS[data[i]]];
}

function decodeBase45(text) {
  const bytes = [];
  for (let i = 0; i < text.length; i += 3) {
    const digits = [...text.slice(i, i + 3)].map((character) => ALPHABET.indexOf(character));
    if (digits.includes(-1) || digits.length === 1) return null;
    const value = digits[0] + 45 * digits[1] + (digits.length === 3 ? 2025 * digits[2] : 0);
    if (value > (digits.length === 3 ? 0xffff : 0xff)) return null;
    if (digits.length === 3) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}

// [id, size, number, data] in CBOR with the shortest heads; null: none of ours
function readFrame(text) {
  if (!text.startsWith(PREFIX) || text.length > MAX_FRAME) return null;
  const bytes = decodeBase45(text.slice(PREFIX.length));
  if (!bytes) return null;
  let place = 0;
  const head = (major) => {
    const first = bytes[place];
    place += 1;
    const extra = first & 31;
    if (first >> 5 !== major || extra > 26) return NaN;
    if (extra < 24) return extra;
    let value = 0;
    for (let left = 1 << extra - 24; left; left -= 1, place += 1) value = value * 256 + bytes[place];
    return value;
  };
  const string = () => { const length = head(2); place += length; return bytes.slice(place - length, place); };
  if (head(4) !== 4) return null;
  const id = string();
  const size = head(0);
  const number = head(0);
  const data = string();
  if (place !== bytes.length || id.length !== ID || !(size >= 0) || !(number < 256)) return null;
  if (!data.length || data.length > MAX_PART) return null;
  const count = Math.ceil((size + DIGEST) / data.length);
  if (count > MAX_PARTS) return null;
  const named = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { key: `${named} ${size} ${data.length}`, id, size, number, data, count };
}

// The parts, from as many different frames; every square piece of a Cauchy matrix can be inverted
function solve(frames, count) {
  const missing = [];
  for (let i = 0; i < count; i += 1) if (!frames.has(i)) missing.push(i);
  const rows = [];
  for (const [number, data] of frames) {
    if (number < count) continue;
    const total = data.slice();
    for (let i = 0; i < count; i += 1) if (frames.has(i)) add(total, frames.get(i), inverse(number ^ i));
    rows.push({ factors: Uint8Array.from(missing, (i) => inverse(number ^ i)), total });
  }
  missing.forEach((_, column) => {
    const pivot = rows.findIndex((row, i) => i >= column && row.factors[column]);
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    const factor = inverse(rows[column].factors[column]);
    const scaled = (bytes) => { const made = new Uint8Array(bytes.length); add(made, bytes, factor); return made; };
    rows[column] = { factors: scaled(rows[column].factors), total: scaled(rows[column].total) };
    rows.forEach((row, i) => {
      const share = row.factors[column];
      if (i === column || !share) return;
      add(row.factors, rows[column].factors, share);
      add(row.total, rows[column].total, share);
    });
  });
  return Array.from({ length: count }, (_, i) => frames.get(i) ?? rows[missing.indexOf(i)].total);
}

const equal = (one, other) => one.length === other.length && one.every((byte, i) => byte === other[i]);

export class Decoder {
  #collected = new Map();
  #done = [];

  // From 0 to 1, of the message of which most is known
  get progress() {
    return Math.max(0, ...Array.from(this.#collected.values(), ({ frames, count }) => frames.size / count));
  }

  // The message when this was the last frame that it needed; else null
  async add(text) {
    const frame = readFrame(text);
    if (!frame || this.#done.some((id) => equal(id, frame.id))) return null;
    let known = this.#collected.get(frame.key);
    if (!known) {
      if (this.#collected.size === MAX_MESSAGES) {
        const least = [...this.#collected].reduce((one, other) => other[1].frames.size < one[1].frames.size ? other : one);
        this.#collected.delete(least[0]);
      }
      known = { frames: new Map(), count: frame.count };
      this.#collected.set(frame.key, known);
    }
    if (!known.frames.has(frame.number)) known.frames.set(frame.number, frame.data);
    if (known.frames.size < frame.count) return null;
    this.#collected.delete(frame.key);
    const body = new Uint8Array(frame.count * frame.data.length);
    solve(known.frames, frame.count).forEach((part, i) => body.set(part, i * part.length));
    const message = body.slice(DIGEST, DIGEST + frame.size);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", message));
    const fits = equal(digest, body.slice(0, DIGEST)) && equal(digest.slice(0, ID), frame.id);
    if (!fits || body.slice(DIGEST + frame.size).some(Boolean)) return null;
    this.#done = [...this.#done, frame.id].slice(-MAX_MESSAGES);
    return message;
  }
}

const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
const toBase64url = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function paint(context, modules, bits) {
  context.fillStyle = "#fff";
  context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  context.fillStyle = "#000";
  for (let i = 0; i < modules * modules; i += 1) {
    if (bits[i >> 3] & 0x80 >> (i & 7)) {
      context.fillRect((QUIET + i % modules) * SCALE, (QUIET + Math.floor(i / modules)) * SCALE, SCALE, SCALE);
    }
  }
}

async function show(canvas) {
  const context = canvas.getContext("2d");
  const frames = [];
  let modules = 0;
  let shown = 0;
  setInterval(() => {
    if (document.hidden || !frames.length) return;
    paint(context, modules, frames[shown % frames.length]);
    shown += 1;
  }, PERIOD);
  for (let next = 0; next !== null;) {
    const response = await fetch(`${canvas.dataset.movingCodes}?first=${next}`).catch(() => null);
    if (!response?.ok) {
      // What is there goes round; what is missing is asked for again
      await new Promise((resolve) => { setTimeout(resolve, 1000); });
      if (response && response.status < 500) return;
      continue;
    }
    const part = await response.json();
    if (modules !== part.modules) {
      modules = part.modules;
      canvas.width = canvas.height = (modules + 2 * QUIET) * SCALE;
    }
    frames.push(...part.frames.map(fromBase64));
    next = part.next;
  }
}

function read(form) {
  const decoder = new Decoder();
  const progress = form.querySelector("[data-moving-progress]");
  openEye(form, async (text) => {
    const message = await decoder.add(text);
    progress.hidden = false;
    progress.value = message ? 1 : decoder.progress;
    if (!message) return false;
    form.querySelector("[name=message]").value = toBase64url(message);
    queueMicrotask(() => form.requestSubmit());
    return true;
  }, { pause: 0, side: 960 });
}

for (const canvas of document.querySelectorAll("canvas[data-moving-codes]")) show(canvas);
for (const form of document.querySelectorAll("form[data-moving-reader]")) read(form);
