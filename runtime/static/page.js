// What our pages do beyond HTML: times in the reader's zone, one click is one click, and pages that follow what happens.

const language = document.documentElement.lang;

function showTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const form = time.dataset.form === "day" ? { dateStyle: "long" } : { dateStyle: "medium", timeStyle: "short" };
    time.textContent = new Intl.DateTimeFormat(language, form).format(moment);
  }
}

function guardForms(root) {
  for (const form of root.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  }
}

// Back in the history shows a page as it was left: its forms can be sent again, and the server decides
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

function prepare(root) {
  showTimes(root);
  guardForms(root);
  for (const button of root.querySelectorAll("button[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}

async function showAgain() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
  if (answer.redirected) { location.replace(answer.url); return null; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("main");
  const old = document.querySelector("main");
  if (!fresh || !old) { location.reload(); return null; }
  document.title = page.title;
  old.replaceWith(fresh);
  prepare(fresh);
  // The part that changed says so by itself (role=status), and the keyboard goes on from the heading
  const heading = fresh.querySelector("h1");
  if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
  return fresh;
}

// <main data-live="/events" data-state="requested">: events, and where they do not come, a look every few seconds
function follow(main) {
  const address = main && main.dataset.live;
  if (!address) return;
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
  if (!window.EventSource) { setTimeout(look, 3000); return; }
  source = new EventSource(address);
  source.addEventListener("state", (event) => { failures = 0; change(event.data); });
  source.addEventListener("error", () => {
    failures += 1;
    if (source.readyState === EventSource.CLOSED || failures > 3) { source.close(); look(); }
  });
}

prepare(document);
follow(document.querySelector("main"));
