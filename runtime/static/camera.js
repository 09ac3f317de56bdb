// <form data-camera method="post" action="…"> around an eye (eye.js) and <input name="link">: the first code that is read is sent.

import { openEye } from "/static/eye.js";

for (const form of document.querySelectorAll("form[data-camera]")) {
  openEye(form, (text) => {
    form.querySelector("[name=link]").value = text;
    // The words of the eye come first
    queueMicrotask(() => form.requestSubmit());
    return true;
  });
}
