// A wallet that the browser finds (Digital Credentials API), as one more way beside code and link; where the browser cannot,
// the part of the page that offers it stays hidden:
// <div data-page-request="…" data-page-answer="…" data-form-token="…" hidden> asks, and sends on what comes back;
// <div data-offer="…" hidden> hands over the invitation that stands there.
// Each has a <button type="button"> and a <p role="status">, which says data-stopped or data-failed when nothing came of it.

const OFFER = "openid4vci-v1";
const PARTS = "[data-page-request], [data-offer]";
const JSON_ONLY = { accept: "application/json" };
let requests = []; // fetched before the click: a browser counts a click for a few seconds only
let turn = 0; // the latest fetch counts, here as there
let asking = null; // what ends a question that stands open

const canAsk = (protocol) => window.DigitalCredential?.userAgentAllowsProtocol?.(protocol) ?? false;

function post(address, body) {
  const headers = { ...JSON_ONLY, "content-type": "application/json" };
  return fetch(address, { method: "POST", headers, body: JSON.stringify(body), cache: "no-store" });
}

// The page may have been drawn anew meanwhile: the part that is there now says it
function say(name) {
  const part = document.querySelector(PARTS);
  const said = part?.querySelector("[role=status]");
  if (said) said.textContent = name ? part.dataset[name] : "";
}

async function prepare() {
  const part = document.querySelector(PARTS);
  if (!part) { asking?.abort(); return; } // it was answered another way
  if (asking) { part.hidden = false; return; }
  const mine = ++turn;
  const found = window.DigitalCredential ? await fetchRequests(part.dataset) : [];
  if (mine !== turn) return;
  requests = found;
  part.hidden = requests.length === 0;
}

async function fetchRequests({ offer, pageRequest, formToken }) {
  try {
    const asked = offer ? fetch(offer, { headers: JSON_ONLY, cache: "no-store" }) : post(pageRequest, { form_token: formToken });
    const answer = await asked;
    if (!answer.ok) return [];
    const found = await answer.json();
    return (offer ? [{ protocol: OFFER, data: found }] : found.requests).filter((one) => canAsk(one.protocol));
  } catch { return []; } // offline: code and link are there
}

// What became of it: nothing to say, or the name of what people read
async function ask({ pageAnswer, formToken, offer }) {
  const options = { digital: { requests }, mediation: "required", signal: asking.signal };
  let found;
  try {
    found = offer ? await navigator.credentials.create(options) : await navigator.credentials.get(options);
  } catch { return "stopped"; } // somebody said no, or no wallet was found: browsers do not tell which
  if (offer) return ""; // the page follows what becomes of it
  try {
    const answer = await post(pageAnswer, { form_token: formToken, protocol: found.protocol, data: found.data });
    return answer.ok ? "" : "failed";
  } catch { return "failed"; } // offline
}

document.addEventListener("click", async (event) => {
  const part = event.target.closest?.("button")?.closest(PARTS);
  if (!part || asking || requests.length === 0) return;
  asking = new AbortController();
  say("");
  const outcome = await ask(part.dataset);
  asking = null;
  if (outcome === "failed") await prepare(); // what was asked may be over
  say(outcome);
});
document.addEventListener("prepared", prepare);
prepare();
