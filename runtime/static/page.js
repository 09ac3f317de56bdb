// What our pages do beyond HTML: times in the reader's zone, one click is one click, and pages that follow what happens.

// Days come before months where we are
const language = { en: "en-GB" }[document.documentElement.lang] ?? document.documentElement.lang;

// A date has no zone: the day of a birth is the same everywhere
const FORMS = {
  moment: { dateStyle: "medium", timeStyle: "short" }, day: { dateStyle: "long" }, date: { dateStyle: "long", timeZone: "UTC" },
  clock: { timeStyle: "short" },
};

function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    let form = FORMS[time.dataset.form] || FORMS.moment;
    // Of another day the time alone says too little
    if (form === FORMS.clock && moment.toDateString() !== new Date().toDateString()) form = FORMS.moment;
    time.textContent = new Intl.DateTimeFormat(language, form).format(moment);
  }
}

// A form that says in <p role="status" data-waiting="…"> what people wait for says so while it is on its way
function sayWaiting(form, button) {
  const said = form.querySelector("[data-waiting]");
  if (!said) return;
  said.textContent = said.dataset.waiting;
  button?.classList.add("waiting");
}

function guardForms(root) {
  for (const form of root.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
      sayWaiting(form, event.submitter ?? form.querySelector("button[type=submit]"));
    });
  }
}

// Back in the history shows a page as it was left: its forms can be sent again, and the server decides. What a page showed
// of a state that may be over (an answer that was erased) is asked for again, never taken from the browser's memory
window.addEventListener("pageshow", (event) => {
  if (event.persisted && document.querySelector("main[data-state], [data-signed-in]")) location.reload();
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const said of document.querySelectorAll("form [data-waiting]")) said.textContent = "";
  for (const button of document.querySelectorAll("button.waiting")) button.classList.remove("waiting");
});

// <p data-offline hidden>: shown while there is no network
function showConnection() {
  for (const note of document.querySelectorAll("[data-offline]")) note.hidden = navigator.onLine;
}
window.addEventListener("online", showConnection);
window.addEventListener("offline", showConnection);

function prepare(root) {
  showTimes(root);
  showConnection();
  guardForms(root);
  for (const button of root.querySelectorAll("button[data-open-all]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const part of document.querySelectorAll("main details.value")) part.open = true;
    });
  }
  for (const button of root.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  document.dispatchEvent(new Event("prepared")); // for other scripts of the page
}

// A page that comes back with a problem: the field that is to be put right says it too, and where there is none, the
// keyboard begins at the problem
function beginAtProblem() {
  const problem = document.querySelector("main [role=alert]:not([hidden])");
  if (!problem) return;
  const field = document.querySelector("main [autofocus]");
  if (!field) { problem.tabIndex = -1; problem.focus(); return; }
  problem.id ||= "problem";
  field.setAttribute("aria-describedby", `${problem.id} ${field.getAttribute("aria-describedby") ?? ""}`.trim());
}

// What the keyboard stood at, in the page that came instead: the same kind of thing that says the same, below the same heading
function findAgain(fresh, old, held) {
  if (fresh.querySelector("h1")?.textContent !== old.querySelector("h1")?.textContent) return undefined;
  const what = (one) => [one.tagName, one.name, one.value, one.textContent.trim()].join();
  return [...fresh.querySelectorAll("a[href], button, input, summary")].find((one) => what(one) === what(held));
}

async function showAgain() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
  if (answer.redirected) { location.replace(answer.url); return null; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  const old = document.querySelector("main");
  if (!fresh || !old) { location.reload(); return null; }
  document.title = page.title;
  document.body.className = page.body.className;
  const held = document.activeElement;
  const kept = held !== document.body && !old.contains(held);
  old.replaceWith(fresh);
  prepare(fresh);
  // The part that changed says so by itself (role=status), and the keyboard goes on from where it stood, or from the heading
  if (kept) return fresh;
  const again = held && findAgain(fresh, old, held);
  const heading = fresh.querySelector("h1");
  if (!again && heading) heading.tabIndex = -1;
  (again ?? heading)?.focus({ preventScroll: true });
  return fresh;
}

// <main data-live="/events" data-state="requested">: events, and where they do not come, a look every few seconds; data-live=""
// is a page that has no events
function follow(main) {
  const address = main?.dataset.live;
  if (address === undefined) return;
  let state = main.dataset.state;
  let source = null;
  let failures = 0;
  const change = async (found) => {
    if (found === state) return;
    state = found;
    if (source) source.close();
    // Offline in between: the page stays as it is, and the next look begins where it stands
    try { follow(await showAgain()); } catch { setTimeout(() => follow(document.querySelector("main")), 2000); }
  };
  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.querySelector("main");
      if (found && found.dataset.state !== state) { change(found.dataset.state || "over"); return; }
    } catch { /* offline: the next look may find it */ }
    setTimeout(look, 3000);
  };
  if (!address || !window.EventSource) { setTimeout(look, 3000); return; }
  source = new EventSource(address);
  source.addEventListener("state", (event) => { failures = 0; change(event.data); });
  source.addEventListener("error", () => {
    failures += 1;
    if (source.readyState === EventSource.CLOSED || failures > 3) { source.close(); look(); }
  });
}

prepare(document);
beginAtProblem();
follow(document.querySelector("main"));
