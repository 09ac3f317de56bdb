// The code of a pairing link stands behind its #, which browsers send to nobody: put it into the form, and out of the address.
function take() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  if (!code) return;
  document.getElementById("code").value = code;
  history.replaceState(null, "", location.pathname);
}

take();
window.addEventListener("hashchange", take); // a newer link, opened in the same page
