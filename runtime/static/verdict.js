// Tones for a verdict at a counter: rising for yes, low and twice for no. They are off until somebody turns them on, and
// each answer has its tone once, however often its page is drawn.

const TONES = {
  good: [[660, 0, 0.14], [990, 0.15, 0.3]],
  bad: [[220, 0, 0.25], [165, 0.32, 0.45]],
  neutral: [[440, 0, 0.2]],
};

let audio = null; // exists while the sound is on: browsers let a page sound after a person touched it

function play(kind) {
  if (!audio || !TONES[kind]) return;
  for (const [pitch, after, seconds] of TONES[kind]) {
    const begins = audio.currentTime + after;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.type = kind === "bad" ? "square" : "sine";
    tone.frequency.value = pitch;
    // Without edges, which would crack
    volume.gain.setValueAtTime(0, begins);
    volume.gain.linearRampToValueAtTime(kind === "bad" ? 0.15 : 0.4, begins + 0.02);
    volume.gain.linearRampToValueAtTime(0, begins + seconds);
    tone.connect(volume).connect(audio.destination);
    tone.start(begins);
    tone.stop(begins + seconds);
  }
  document.dispatchEvent(new CustomEvent("sounded", { detail: kind }));
}

let said = document.querySelector("[data-said]")?.dataset.said; // what was there before the sound could be on

function sayOnce() {
  const shown = document.querySelector("[data-said]");
  if (shown?.dataset.said === said) return;
  said = shown?.dataset.said;
  if (shown) play(shown.dataset.tone);
}

async function turn(button) {
  const on = !audio;
  if (on) {
    audio = new AudioContext();
    await audio.resume();
    play("good"); // so that it is heard how loud it is
  } else {
    await audio.close();
    audio = null;
  }
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? button.dataset.on : button.dataset.off;
}

for (const button of document.querySelectorAll("button[data-sound]")) {
  button.hidden = !window.AudioContext;
  button.addEventListener("click", () => turn(button));
}
document.addEventListener("prepared", sayOnce);
