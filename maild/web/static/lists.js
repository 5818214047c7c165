// Lists: rows open, several are picked, columns and work lists are ordered by hand, right click acts.
import { $, $$, on, post } from "/static/dom.js";

function remember() {
  const list = $("[data-list]");
  if (!list) return;
  sessionStorage.setItem("list", JSON.stringify($$("tr[data-number]", list).map((row) => row.dataset.number)));
  sessionStorage.setItem("list-at", location.pathname + location.search);
}
remember();
document.addEventListener("htmx:afterSwap", remember);

on("click", "tr[data-href]", (event, row) => {
  if (event.target.closest("a, input, button, label, summary") || getSelection().toString()) return;
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.href = row.dataset.href;
});

let last = null;
function counted() {
  const picked = $$("input[name=pick]:checked").length;
  const bar = $("[data-bulk]");
  if (bar) { bar.hidden = picked === 0; $("[data-picked]").textContent = picked; }
}
on("change", "input[name=pick]", (event, box) => {
  if (event.shiftKey && last) { /* the click below has done it */ }
  last = box;
  counted();
});
on("click", "input[name=pick]", (event, box) => {
  if (!event.shiftKey || !last || last === box) return;
  const all = $$("input[name=pick]");
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  all.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
  counted();
});
on("change", "[data-pick-all]", (event, box) => { $$("input[name=pick]").forEach((one) => { one.checked = box.checked; }); counted(); });
counted();

let kept = [];
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "rows") kept = $$("input[name=pick]:checked").map((box) => box.value);
});
document.addEventListener("htmx:afterSettle", () => {
  for (const number of kept) { const box = $(`input[name=pick][value="${CSS.escape(number)}"]`); if (box) box.checked = true; }
  kept = [];
  counted();
});

on("contextmenu", "tr[data-number]", async (event, row) => {
  if (event.shiftKey || getSelection().toString()) return;
  event.preventDefault();
  $("#context")?.remove();
  const answer = await fetch(`/tickets/${row.dataset.number}/menu`, { headers: { "HX-Request": "true" } });
  if (!answer.ok) return;
  const menu = document.createElement("div");
  menu.id = "context";
  menu.className = "sheet at";
  menu.innerHTML = await answer.text();
  document.body.append(menu);
  window.htmx?.process(menu);
  menu.style.left = `${Math.min(event.clientX, innerWidth - menu.offsetWidth - 8)}px`;
  menu.style.top = `${Math.min(event.clientY, innerHeight - menu.offsetHeight - 8)}px`;
  $("a, button", menu)?.focus();
});

// ---- order by hand: pointers (also touch), or Alt with the arrow keys
let held = null;
on("pointerdown", "[data-sortable] > li", (event, item) => {
  if (event.target.closest("input, button, a, label, form") || (event.pointerType !== "mouse" && !event.target.closest(".grip"))) return;
  held = { item, list: item.parentElement, moved: false };
  item.setPointerCapture(event.pointerId);
});
document.addEventListener("dragstart", (event) => { if (event.target instanceof Element && event.target.closest("[data-sortable]")) event.preventDefault(); });
document.addEventListener("pointermove", (event) => {
  if (!held) return;
  const over = document.elementFromPoint(event.clientX, event.clientY)?.closest("li");
  held.item.classList.add("dragging");
  if (!over || over === held.item || over.parentElement !== held.list) return;
  const box = over.getBoundingClientRect();
  held.moved = true;
  if (event.clientY < box.top + box.height / 2) over.before(held.item); else over.after(held.item);
});
function drop() {
  if (!held) return;
  held.item.classList.remove("dragging");
  if (held.moved) placed(held.item);
  held = null;
}
document.addEventListener("pointerup", drop);
document.addEventListener("pointercancel", drop);
on("keydown", "[data-sortable] > li", (event, item) => {
  if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
  event.preventDefault();
  if (event.key === "ArrowUp") item.previousElementSibling?.before(item); else item.nextElementSibling?.after(item);
  item.focus();
  placed(item);
});
function placed(item) {
  const list = item.parentElement;
  const address = list.dataset.sortable;
  if (address && item.dataset.number) post(`${address}${item.dataset.number}`, { do: "move", place: [...list.children].indexOf(item) });
}
