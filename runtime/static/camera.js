// Reads a QR code with the camera (see eye.js), or from a picture, and hands its text to a form; nothing leaves this device.
//
// <form data-camera method="post" action="…"><input name="link"> …
//   <div data-camera-choose hidden> around <input type="file" data-camera-file>, where pictures may be chosen too; of them
//   is said what stands in data-reading, data-nothing, data-unreadable

import { draw, loadReader, openEye } from "./eye.js";

const PAUSE = 125; // milliseconds between two looks
const VIDEO_SIDE = 1280;
const PICTURE_SIDES = [1280, 2560, 640]; // a code may be small in a large picture, or too sharp to be seen
const LARGEST_FILE = 30e6; // bytes

function prepare(form) {
  const submit = (text) => {
    form.querySelector("[name=link]").value = text;
    form.requestSubmit();
    return true;
  };
  const eye = openEye(form, { side: VIDEO_SIDE, pause: PAUSE, seen: submit });
  const choose = form.querySelector("[data-camera-choose]");
  if (choose) choosePictures(choose, eye, submit);
}

function choosePictures(choose, eye, submit) {
  const file = choose.querySelector("[data-camera-file]");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const read = async (chosen) => {
    eye.end();
    eye.say("reading");
    try {
      if (chosen.size > LARGEST_FILE) throw new RangeError("too large");
      const picture = await createImageBitmap(chosen);
      const reader = await loadReader();
      for (const side of PICTURE_SIDES) {
        draw(canvas, context, picture, picture.width, picture.height, side);
        const [text] = await reader(canvas, context);
        if (text) { eye.say("found"); submit(text); return; }
      }
      eye.say("nothing");
    } catch {
      eye.say("unreadable");
    }
  };
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) await read(chosen);
    file.value = "";
  });
  choose.hidden = false;
}

for (const form of document.querySelectorAll("form[data-camera]")) prepare(form);
