// Writing an answer: kind, draft, who gets it, files; nothing typed is lost.
import { $, $$, on, post, tell } from "/static/dom.js";

const DRAFT_WAIT = 2000, AUDIENCE_WAIT = 500;
let drafting = 0, asking = 0;

const form = () => $("form[data-draft]");
const kind = () => $("input[name=kind]:checked", form())?.value || "note";

function dress() {
  const own = form();
  if (!own) return;
  const box = $("#composer");
  box.dataset.kind = kind();
  const send = $("[data-send]", own);
  send.classList.toggle("note", kind() === "note");
  send.classList.toggle("primary", kind() !== "note");
  $("span", send).textContent = send.dataset[kind()];
  const text = $("textarea", own);
  text.dataset.replyPlaceholder ??= text.placeholder;
  text.placeholder = kind() === "note" ? text.dataset.notePlaceholder : text.dataset.replyPlaceholder;
}

async function audience() {
  const own = form();
  if (!own) return;
  const body = new FormData(own);
  body.delete("files");
  const answer = await fetch(own.dataset.audience, { method: "POST", body, headers: { "HX-Request": "true" } });
  if (answer.ok && form() === own) $("#gets").innerHTML = await answer.text();
}
const askLater = () => { clearTimeout(asking); asking = setTimeout(audience, AUDIENCE_WAIT); };

async function keep() {
  clearTimeout(drafting);
  drafting = 0;
  const own = form();
  if (!own) return;
  const text = $("textarea", own).value;
  const saved = $("[data-saved]", own);
  try {
    const answer = await post("/drafts", { place: `${own.dataset.draft} ${own.dataset.kind || kind()}`, text });
    if (answer.status === 401) { tell("signed-out"); return; }
    saved.textContent = answer.ok ? (text ? saved.dataset.said || "✓" : "") : "";
    if (answer.ok) sessionStorage.removeItem(`draft ${own.dataset.draft}`);
  } catch { /* the network is away: what is typed stays in this browser */ }
}
on("input", "form[data-draft] textarea", (event, area) => {
  sessionStorage.setItem(`draft ${form().dataset.draft}`, JSON.stringify({ kind: kind(), text: area.value }));
  clearTimeout(drafting);
  drafting = setTimeout(keep, DRAFT_WAIT);
  tell("writes");
});
addEventListener("pagehide", () => {
  const own = form();
  if (drafting && own) navigator.sendBeacon("/drafts", new URLSearchParams({ place: `${own.dataset.draft} ${kind()}`, text: $("textarea", own).value }));
});
document.body.addEventListener("signed-in", () => { if (form()) keep(); });

on("change", "form[data-draft]", (event) => {
  if (event.target.name === "kind") dress();
  if (["kind", "status", "tell"].includes(event.target.name)) askLater();
});
on("change", "[data-attach]", (event, input) => {
  $("[data-files]").textContent = [...input.files].map((file) => file.name).join(", ");
});
on("focusin", "form[data-draft] textarea", askLater);

document.body.addEventListener("answered", () => {
  if (form()) sessionStorage.removeItem(`draft ${form().dataset.draft}`);
});
document.body.addEventListener("taken-back", (event) => {
  const own = form();
  if (!own) return;
  const radio = $(`input[name=kind][value=${event.detail.kind}]`, own);
  if (radio) radio.checked = true;
  const text = $("textarea", own);
  text.value = text.value ? `${event.detail.text}\n\n${text.value}` : event.detail.text;
  dress();
  text.focus();
});
document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target?.id === "composer") { dress(); const area = $("#composer textarea"); area?.focus(); } });

function wake() {
  const own = form();
  if (!own) return;
  const local = sessionStorage.getItem(`draft ${own.dataset.draft}`);
  if (local) {
    const { kind: was, text } = JSON.parse(local);
    const area = $("textarea", own);
    if (!area.value && text) { $(`input[name=kind][value=${was}]`, own).checked = true; area.value = text; keep(); }
  }
  dress();
}
wake();

// ---- plain fields at the side: only what was changed is sent
document.addEventListener("htmx:configRequest", (event) => {
  const input = event.detail.elt.querySelector?.("input[data-was]");
  if (input && input.value === input.dataset.was) event.preventDefault();
});

// ---- a signature
on("pointerdown", "svg[data-pad]", (event, pad) => {
  pad.setPointerCapture(event.pointerId);
  pad.dataset.drawing = "1";
  stroke(pad, event, "M");
  event.preventDefault();
});
on("pointermove", "svg[data-pad][data-drawing]", (event, pad) => stroke(pad, event, "L"));
for (const type of ["pointerup", "pointercancel"]) on(type, "svg[data-pad]", (event, pad) => { delete pad.dataset.drawing; });
function stroke(pad, event, step) {
  const box = pad.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width * 400).toFixed(1), y = ((event.clientY - box.top) / box.height * 160).toFixed(1);
  const path = $("path", pad);
  const d = `${path.getAttribute("d") || ""}${step}${x} ${y}`;
  if (d.length > 20000) return;
  path.setAttribute("d", d);
  $("input[name=path]", pad.closest("form")).value = d;
}
on("click", "[data-pad-clear]", (event, button) => {
  const own = button.closest("form");
  $("path", own).setAttribute("d", "");
  $("input[name=path]", own).value = "";
});
