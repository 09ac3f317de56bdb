// Tones for a verdict at a counter: rising for yes, low and twice for no. They are off until somebody turns them on; then
// this tab keeps them on from page to page. Each answer has its tone once, however often its page is drawn.

const TONES = {
  good: [[660, 0, 0.14], [990, 0.15, 0.3]],
  bad: [[220, 0, 0.25], [165, 0.32, 0.45]],
  neutral: [[440, 0, 0.2]],
};

const WANTED = "sound"; // names in the memory of this tab
const SAID = "said";
let audio = null; // exists while the sound is wanted; browsers let it run once a person touched a page of ours

function play(kind) {
  if (audio?.state !== "running" || !TONES[kind]) return;
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

function sayOnce() {
  const shown = document.querySelector("[data-said]");
  if (!shown || shown.dataset.said === sessionStorage.getItem(SAID)) return;
  if (audio && audio.state !== "running") return; // it is said as soon as it may be
  sessionStorage.setItem(SAID, shown.dataset.said);
  play(shown.dataset.tone);
}

function showSound() {
  const on = audio?.state === "running";
  for (const button of document.querySelectorAll("button[data-sound]")) {
    button.hidden = !window.AudioContext;
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? button.dataset.on : button.dataset.off;
  }
}

function start() {
  audio = new AudioContext();
  audio.addEventListener("statechange", () => { showSound(); sayOnce(); });
  audio.resume();
}

async function turn() {
  if (audio?.state === "running") {
    sessionStorage.removeItem(WANTED);
    const ended = audio;
    audio = null;
    await ended.close();
  } else {
    sessionStorage.setItem(WANTED, "yes");
    if (!audio) start();
    await audio.resume();
    sayOnce();
    play("good"); // so that it is heard how loud it is
  }
  showSound();
}

for (const button of document.querySelectorAll("button[data-sound]")) button.addEventListener("click", turn);
if (window.AudioContext && sessionStorage.getItem(WANTED)) {
  start();
  // Where the browser waits for a touch, any one will do
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest?.("[data-sound]")) audio?.resume();
  });
}
showSound();
sayOnce();
document.addEventListener("prepared", sayOnce);
