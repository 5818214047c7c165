// Keys: single letters that can be turned off; never with Ctrl and Alt together.
import { $, $$, on, typing } from "/static/dom.js";

const GO = { o: "/tickets?view=open", m: "/tickets?view=mine", p: "/tickets?view=to+process", u: "/tickets?view=unassigned", w: "/work", r: "/recent", t: "/timesheet", c: "/clients", a: "/admin" };
let waiting = 0;

export function find() {
  const dialog = $("#find");
  if (!dialog || dialog.open) return;
  fetch("/search?part=box", { headers: { "HX-Request": "true" } }).then(async (answer) => {
    if (answer.status === 401) { document.body.dispatchEvent(new CustomEvent("signed-out")); return; }
    dialog.innerHTML = await answer.text();
    window.htmx?.process(dialog);
    dialog.showModal();
    $("input", dialog)?.focus();
  });
}
on("click", "[data-find]", (event) => { event.preventDefault(); find(); });
on("click", "[data-keys-help]", () => $("#keys").showModal());

const rows = () => $$("[data-list] tr[data-href], .work-row, #find [data-hit]").filter((row) => row.offsetParent);
function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.hasAttribute("data-at"));
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  all.forEach((row) => row.removeAttribute("data-at"));
  next.setAttribute("data-at", "");
  next.scrollIntoView({ block: "nearest" });
  $("a", next)?.focus({ preventScroll: true });
}
const current = () => $("[data-at]");

const LETTERS = {
  "/": find,
  "?": () => $("#keys").showModal(),
  j: () => move(1), k: () => move(-1),
  x: () => { const box = current() && $("input[name=pick]", current()); if (box) { box.checked = !box.checked; box.dispatchEvent(new Event("change", { bubbles: true })); } },
  f: () => { const filter = $("[data-filter]"); if (filter) { filter.open = true; $("input, select, summary", $(".sheet", filter))?.focus(); } },
  c: () => { location.href = "/new"; },
  r: () => compose("reply"), n: () => compose("note"),
  t: () => { const time = $(".composer summary[title=t]"); if (time) { time.parentElement.open = true; $("[name=work_length]")?.focus(); } },
  g: () => { waiting = Date.now(); },
  "[": () => neighbour(-1), "]": () => neighbour(1),
};
function compose(kind) {
  const radio = $(`#composer input[name=kind][value=${kind}]`);
  if (!radio) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  $("#composer textarea").focus();
}
function neighbour(step) {
  const here = $(".ticket[data-ticket]")?.dataset.ticket;
  const known = JSON.parse(sessionStorage.getItem("list") || "[]");
  const at = known.indexOf(here);
  if (at >= 0 && known[at + step]) location.href = `/tickets/${known[at + step]}`;
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "k" && !event.altKey) { event.preventDefault(); find(); return; }
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && event.target instanceof Element) {
    const form = event.target.closest("form");
    if (form && event.target.matches("textarea, input")) { event.preventDefault(); form.requestSubmit($("[data-send]", form) || undefined); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys === "off") return;
  if ($("dialog[open]") || typing(event)) return;
  if (Date.now() - waiting < 1200 && GO[event.key]) { waiting = 0; location.href = GO[event.key]; return; }
  waiting = 0;
  if (event.key === "Enter" && current() && !(event.target instanceof Element && event.target.closest("a, button, summary"))) { location.href = current().dataset.href; return; }
  const own = /^[a-z]$/.test(event.key) && $(`[data-key="${event.key}"]`);
  if (own) { event.preventDefault(); own.focus(); if (own.matches("button")) own.click(); else own.showPicker?.(); return; }
  const act = LETTERS[event.key];
  if (act) { event.preventDefault(); act(); }
});
on("click", "[data-back]", (event) => {
  const list = sessionStorage.getItem("list-at");
  if (list) { event.preventDefault(); location.href = list; }
});
