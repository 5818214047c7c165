// Menus, sheets, toasts, the navigation of a phone.
import { $, $$, on } from "/static/dom.js";

document.addEventListener("click", (event) => {
  for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const context = $("#context");
  if (context && !context.contains(event.target)) context.remove();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  $("#context")?.remove();
  const open = $$("details.menu[open]").pop();
  if (open) { open.open = false; $("summary", open).focus(); event.preventDefault(); }
});
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches("details.menu") || !menu.open) return;
  const sheet = $(".sheet", menu);
  if (!sheet) return;
  const box = sheet.getBoundingClientRect();
  if (box.left < 8) { sheet.classList.add("left"); }
  if (box.right > innerWidth - 8) { sheet.classList.remove("left"); }
  if (box.bottom > innerHeight - 8 && menu.getBoundingClientRect().top > innerHeight / 2) sheet.classList.add("up");
}, true);

on("click", "[data-toggle-side]", () => {
  const side = $("#side");
  const shown = side.classList.toggle("shown");
  for (const button of $$("[data-toggle-side]")) { button.setAttribute("aria-expanded", shown); if (side.contains(button)) button.hidden = !shown; }
});

export async function sheet(address) {
  const dialog = $("#sheet");
  const answer = await fetch(address, { headers: { "HX-Request": "true" } });
  if (answer.status === 401) { document.body.dispatchEvent(new CustomEvent("signed-out")); return; }
  dialog.innerHTML = await answer.text();
  window.htmx?.process(dialog);
  document.dispatchEvent(new CustomEvent("sheet", { detail: dialog }));
  if (!dialog.open) dialog.showModal();
}
on("click", "[data-sheet]", (event, button) => { event.preventDefault(); button.closest("details.menu")?.removeAttribute("open"); sheet(button.dataset.sheet); });
on("click", "dialog", (event, dialog) => { if (event.target === dialog) dialog.close(); });

on("click", "[data-frame]", (event, button) => {
  const card = button.closest(".card");
  button.closest("details.menu").open = false;
  const words = $(".words", card);
  const shown = $("iframe", card);
  if (shown) { shown.remove(); words.hidden = false; return; }
  const frame = document.createElement("iframe");
  frame.className = "mail-frame";
  frame.setAttribute("sandbox", "allow-popups allow-popups-to-escape-sandbox");
  frame.title = button.textContent.trim();
  frame.src = button.dataset.frame;
  words.hidden = true;
  words.after(frame);
});

on("click", "[data-close]", (event, button) => button.closest("[data-toast]").remove());
new MutationObserver((changes) => {
  for (const change of changes) for (const toast of change.addedNodes)
    if (toast instanceof HTMLElement && toast.matches("[data-toast]")) setTimeout(() => toast.remove(), toast.matches(".trouble") ? 15000 : 9000);
}).observe($("#toasts"), { childList: true });

export function toast(text, kind = "") {
  const made = document.createElement("div");
  made.className = `toast ${kind}`;
  made.dataset.toast = "";
  made.textContent = text;
  $("#toasts").append(made);
}

on("submit", "form", (event, form) => {
  const asked = event.submitter?.dataset.confirm;
  if (asked && !confirm(asked)) event.preventDefault();
  else if (!form.hasAttribute("hx-post") && !form.matches("[method=dialog]")) {
    if (form.dataset.sent) event.preventDefault();   // a second click is none
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  }
});
on("change", "[data-autosubmit]", (event, form) => form.requestSubmit());
