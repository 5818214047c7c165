// A session that is over: the sign-in opens over the page, and what was typed stays.
import { $, $$, tell } from "/static/dom.js";

let watching = 0;

async function over() {
  const dialog = $("#over");
  if (!dialog || dialog.open) return;
  const answer = await fetch(`/sign-in?again=1&next=${encodeURIComponent(location.pathname + location.search)}`, { headers: { "HX-Request": "true" } });
  dialog.innerHTML = `<div class="in">${await answer.text()}</div>`;
  window.htmx.process(dialog);
  dialog.showModal();
  watching = setInterval(async () => {          // signed in by another tab
    const who = await fetch("/me/alive", { method: "POST", headers: { "HX-Request": "true" } }).catch(() => null);
    if (who?.ok) tell("signed-in");
  }, 3000);
}

export function signInOver() {
  document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status === 401) over(); });
  document.body.addEventListener("signed-out", over);
  document.body.addEventListener("signed-in", () => {
    clearInterval(watching);
    $("#over")?.close();
  });
  // Answers that say what is wrong are shown as they are.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const status = event.detail.xhr.status;
    if (status >= 400 && status !== 401) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.addEventListener("htmx:sendError", () => {
    const toast = document.createElement("div");
    toast.className = "toast trouble";
    toast.dataset.toast = "";
    toast.textContent = document.documentElement.lang.startsWith("de") ? "Der Server antwortet nicht. Was Sie geschrieben haben, bleibt hier." : "The server does not answer. What you have written stays here.";
    $("#toasts").append(toast);
  });
}
