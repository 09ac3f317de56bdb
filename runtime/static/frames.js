// Moving codes: the frames that a camera read, in any order, and the message that they give back (docs/decisions/0030).
// It takes and refuses what protocol/mdoc/frames.py does.

export const PREFIX = "HF1:";
const FRAMES = 256;
const MAX_PARTS = 128;
const MAX_PART = 512;
const MAX_FRAME = 1024; // characters
const MAX_MESSAGES = 4; // beside each other
const DIGEST = 32;
const ID = 8;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

// A text that is no frame, or frames that are no message
export class FrameError extends Error {}

// GF(256) by x⁸+x⁴+x³+x²+1, as in QR codes
const POWERS = new Uint8Array(510);
const LOGS = new Uint8Array(256);
for (let exponent = 0, number = 1; exponent < 255; exponent += 1) {
  POWERS[exponent] = POWERS[exponent + 255] = number;
  LOGS[number] = exponent;
  number <<= 1;
  if (number > 255) number ^= 0x11d;
}

const inverse = (number) => POWERS[255 - LOGS[number]];

// To plus factor times data, in place; the factor is never 0
function add(to, data, factor) {
  const log = LOGS[factor];
  for (let i = 0; i < to.length; i += 1) {
    if (data[i]) to[i] ^= POWERS[log + LOGS[data[i]]];
  }
}

function decodeBase45(text) {
  const digits = Array.from(text, (character) => ALPHABET.indexOf(character));
  if (digits.includes(-1) || digits.length % 3 === 1) throw new FrameError("no base45");
  const bytes = [];
  for (let i = 0; i < digits.length; i += 3) {
    const [low, middle, high] = digits.slice(i, i + 3);
    const value = low + 45 * middle + 2025 * (high ?? 0);
    if (value > (high === undefined ? 0xff : 0xffff)) throw new FrameError("no base45");
    if (high !== undefined) bytes.push(value >> 8);
    bytes.push(value & 0xff);
  }
  return Uint8Array.from(bytes);
}

// [id, size, number, data], the one thing in CBOR that is read here
function readFrame(bytes) {
  let at = 0;
  const head = (kind) => {
    const first = bytes[at++];
    if (first === undefined || first >> 5 !== kind) throw new FrameError("another type");
    const short = first & 31;
    if (short < 24) return short;
    const count = { 24: 1, 25: 2, 26: 4, 27: 8 }[short];
    if (!count || at + count > bytes.length) throw new FrameError("no such number");
    let value = 0;
    for (const end = at + count; at < end; at += 1) value = value * 256 + bytes[at];
    return value;
  };
  const text = () => {
    const length = head(2);
    if (at + length > bytes.length) throw new FrameError("cut off");
    at += length;
    return bytes.subarray(at - length, at);
  };
  if (head(4) !== 4) throw new FrameError("no array of four");
  const [id, size, number, data] = [text(), head(0), head(0), text()];
  if (at !== bytes.length) throw new FrameError("bytes after the end");
  if (id.length !== ID || number >= FRAMES || !data.length || data.length > MAX_PART) throw new FrameError("no frame");
  const count = Math.ceil((size + DIGEST) / data.length);
  if (count > MAX_PARTS) throw new FrameError("too large a message");
  return { id: id.join(), size, number, data, count };
}

// The parts, from as many different frames: every square piece of a Cauchy matrix can be inverted
function solve(frames) {
  const count = frames.size;
  const missing = [];
  for (let i = 0; i < count; i += 1) if (!frames.has(i)) missing.push(i);
  const rows = []; // factors of the missing parts, and then what they add up to
  for (const [number, data] of frames) {
    if (number < count) continue;
    const total = data.slice();
    for (let i = 0; i < count; i += 1) if (frames.has(i)) add(total, frames.get(i), inverse(number ^ i));
    rows.push(Uint8Array.from([...missing.map((i) => inverse(number ^ i)), ...total]));
  }
  for (let column = 0; column < missing.length; column += 1) {
    const pivot = rows.findIndex((row, i) => i >= column && row[column]);
    [rows[column], rows[pivot]] = [rows[pivot], rows[column]];
    const lead = new Uint8Array(rows[column].length);
    add(lead, rows[column], inverse(rows[column][column]));
    rows[column] = lead;
    rows.forEach((row, i) => { if (i !== column && row[column]) add(row, lead, row[column]); });
  }
  const parts = [];
  for (let i = 0; i < count; i += 1) parts.push(frames.get(i) ?? rows[missing.indexOf(i)].subarray(missing.length));
  return parts;
}

async function restore(id, size, frames) {
  const parts = solve(frames);
  const body = new Uint8Array(parts.length * parts[0].length);
  parts.forEach((part, i) => body.set(part, i * part.length));
  const message = body.slice(DIGEST, DIGEST + size);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", message));
  const fits = digest.every((byte, i) => byte === body[i]) && digest.subarray(0, ID).join() === id;
  if (!fits || body.subarray(DIGEST + size).some(Boolean)) throw new FrameError("does not fit the others");
  return message;
}

// Collects the frames of a few messages beside each other, never together; the one of which least is known makes room
export class FrameDecoder {
  #collected = new Map();
  #done = []; // ids

  // The message when this was the last frame that it needed, else null; a FrameError if the text is no frame, or if all
  // frames are there and do not fit together: `spoilt` then, and what was collected of this message is dropped
  async add(text) {
    if (!text.startsWith(PREFIX) || text.length > MAX_FRAME) throw new FrameError("no frame");
    const { id, size, number, data, count } = readFrame(decodeBase45(text.slice(PREFIX.length)));
    if (this.#done.includes(id)) return null;
    // What says another size, of the message or of its parts, is of another message
    const key = `${id} ${size} ${data.length}`;
    if (!this.#collected.has(key)) this.#begin(key, count);
    const { frames } = this.#collected.get(key);
    if (!frames.has(number)) frames.set(number, data);
    if (frames.size < count) return null;
    this.#collected.delete(key);
    try {
      const message = await restore(id, size, frames);
      this.#done = [...this.#done, id].slice(-MAX_MESSAGES);
      return message;
    } catch (error) {
      error.spoilt = true;
      throw error;
    }
  }

  // How many frames are there and how many are needed, of the message of which most is known
  get progress() {
    let best = { read: 0, needed: 0 };
    for (const { frames, count } of this.#collected.values()) {
      if (frames.size * best.needed >= best.read * count) best = { read: frames.size, needed: count };
    }
    return best;
  }

  #begin(key, count) {
    if (this.#collected.size === MAX_MESSAGES) {
      let least = null;
      for (const [name, { frames }] of this.#collected) {
        if (!least || frames.size < this.#collected.get(least).frames.size) least = name;
      }
      this.#collected.delete(least);
    }
    this.#collected.set(key, { frames: new Map(), count });
  }
}
