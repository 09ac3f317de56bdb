// A page of an open wallet stays on the screen only as long as the wallet is open: <nav data-door="/door" data-closed="/unlock">.
// Asking how long that is counts as no click, and other windows of the same browser may keep it open.

const LOOK = 15; // seconds between two looks at most
const AGAIN = 3; // seconds until the next one where there was no answer
const door = document.querySelector("[data-door]");
let timer = 0;

function leave() {
  // What was read must not stay visible until the next page is there
  document.body.hidden = true;
  const page = location.pathname;
  const back = /^\/(cards\/|activity|settings)/.test(page) ? `?to=${encodeURI(page)}` : "";
  location.replace(door.dataset.closed + back);
}

// No network, or the wallet's program has ended and its keys with it: there is nowhere to lead to
function hide(away) {
  const note = document.querySelector("[data-away]");
  for (const shown of [document.getElementById("main"), door, document.querySelector(".foot")]) shown.hidden = away;
  note.hidden = !away;
  const text = note.querySelector("[data-text]");
  const words = away ? text.dataset.text : "";
  if (text.textContent !== words) text.textContent = words;
  document.body.hidden = false;
}

async function look() {
  clearTimeout(timer);
  let seconds;
  try {
    const answer = await fetch(door.dataset.door, { cache: "no-store" });
    seconds = (await answer.json()).seconds;
  } catch {
    hide(true);
    timer = setTimeout(look, 1000 * AGAIN);
    return;
  }
  if (seconds > 0) {
    timer = setTimeout(look, 1000 * Math.min(seconds + 0.5, LOOK));
    hide(false);
  } else leave();
}

if (door) {
  timer = setTimeout(look, 1000);
  // After a sleep of the machine, a change of windows, or the back button, the clock of this page says nothing
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.body.hidden = true;
    look();
  });
}
