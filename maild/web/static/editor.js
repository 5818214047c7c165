// The editor of templates and rules: a textarea over its own text in colours, the lines that are
// wrong marked, names offered as one types.  Without this it is a plain textarea.
import { $, $$ } from "/static/dom.js";

const LONGEST = 60000, MOST = 12;
const GRAMMARS = {
  template: /(\{#[^]*?#\}|<!--[^]*?-->)|(\{\{[^]*?\}\}|\{%[^]*?%\})|(^#{1,6} .*$|^---$|\*\*[^*\n]+\*\*)|(^[a-z_]+:)/gm,
  yaml: /(^\s*#.*$|\s#.*$)|(^\s*-?\s*[\w ]+:(?=\s|$))|("[^"\n]*"|'[^'\n]*')/gm,
};
const KINDS = { template: ["c", "k", "h", "s"], yaml: ["c", "k", "s"] };

function piece(text, kind) {
  if (!kind) return document.createTextNode(text);
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

function coloured(text, syntax) {
  const out = document.createDocumentFragment();
  let at = 0;
  for (const found of text.matchAll(GRAMMARS[syntax])) {
    const kind = KINDS[syntax][found.slice(1).findIndex((group) => group !== undefined)];
    out.append(piece(text.slice(at, found.index)), piece(found[0], kind));
    at = found.index + found[0].length;
  }
  out.append(piece(text.slice(at)));
  return out;
}

function paint(area, paper) {
  const text = area.value;
  area.parentElement.classList.toggle("plain", text.length > LONGEST);
  if (text.length > LONGEST) { paper.textContent = text; return; }
  const wrong = new Set($$("[data-wrong] [data-line]").map((one) => Number(one.dataset.line)));
  const lines = text.split("\n"), parts = [];
  let run = [];
  const flush = () => { if (run.length) parts.push(coloured(run.join("\n"), area.dataset.syntax)); run = []; };
  lines.forEach((line, n) => {
    if (!wrong.has(n + 1)) { run.push(line); return; }
    if (run.length) { run.push(""); flush(); }
    const mark = document.createElement("mark");
    mark.append(coloured(line || " ", area.dataset.syntax), "\n");
    parts.push(mark);
  });
  flush();
  paper.replaceChildren(...parts, "\n");
  paper.scrollTop = area.scrollTop;
}

// ---- names

function names(area) {
  const list = area.dataset.names && $(area.dataset.names);
  return list ? $$("dt", list).map((one) => [one.textContent, one.nextElementSibling?.textContent || ""]) : [];
}

function word(area) {
  const before = area.value.slice(Math.max(0, area.selectionStart - 400), area.selectionStart);
  const open = Math.max(before.lastIndexOf("{{"), before.lastIndexOf("{%"));
  const inside = open >= 0 && !before.slice(open).match(/\}\}|%\}/);
  return inside ? before.match(/[a-z_][\w.]*$/)?.[0] || "" : "";
}

function place(area, paper, list) {
  const walker = document.createTreeWalker(paper, NodeFilter.SHOW_TEXT);
  let left = area.selectionStart, node = walker.nextNode();
  while (node && left > node.length) { left -= node.length; node = walker.nextNode(); }
  if (!node) return;
  const range = document.createRange();
  range.setStart(node, left);
  const at = range.getBoundingClientRect(), box = paper.getBoundingClientRect();
  list.style.setProperty("left", `${Math.min(Math.max(at.left - box.left, 0), box.width * 0.4)}px`);
  list.style.setProperty("top", `${at.bottom - box.top + 4}px`);
}

function offer(area, paper, list) {
  const typed = word(area);
  const found = typed ? names(area).filter(([name]) => name.startsWith(typed) && name !== typed).slice(0, MOST) : [];
  list.hidden = !found.length;
  list.replaceChildren(...found.map(([name, meaning], n) => {
    const item = document.createElement("li"), code = document.createElement("code"), say = document.createElement("span");
    item.id = `offer-${n}`;
    item.role = "option";
    code.textContent = name;
    say.textContent = meaning;
    item.append(code, say);
    item.addEventListener("mousedown", (event) => { event.preventDefault(); take(area, list, item); });
    return item;
  }));
  choose(area, list, 0);
  if (found.length) place(area, paper, list);
}

function choose(area, list, n) {
  const items = [...list.children];
  items.forEach((item, at) => item.setAttribute("aria-selected", String(at === n)));
  items[n]?.scrollIntoView({ block: "nearest" });
  if (list.hidden) area.removeAttribute("aria-activedescendant");
  else area.setAttribute("aria-activedescendant", `offer-${n}`);
}

function take(area, list, item) {
  const name = $("code", item).textContent, typed = word(area);
  area.setRangeText(name.slice(typed.length), area.selectionStart, area.selectionStart, "end");
  list.hidden = true;
  area.removeAttribute("aria-activedescendant");
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

function keys(event, area, list) {
  if (list.hidden) return;
  const items = [...list.children], at = items.findIndex((item) => item.ariaSelected === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) choose(area, list, (at + step + items.length) % items.length);
  else if (event.key === "Tab" && !event.shiftKey) take(area, list, items[at]);
  else if (event.key === "Escape") { list.hidden = true; area.removeAttribute("aria-activedescendant"); }
  else return;
  event.preventDefault();
  event.stopPropagation();
}

for (const area of $$("textarea[data-syntax]")) {
  const box = document.createElement("div"), paper = document.createElement("pre"), list = document.createElement("ul");
  box.className = "coded";
  paper.setAttribute("aria-hidden", "true");
  list.className = "offers";
  list.role = "listbox";
  list.id = "offers";
  list.hidden = true;
  list.setAttribute("aria-label", area.dataset.offers || "");
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", "offers");
  area.before(box);
  box.append(paper, area, list);
  const repaint = () => paint(area, paper);
  area.addEventListener("input", () => { repaint(); offer(area, paper, list); });
  area.addEventListener("scroll", () => { paper.scrollTop = area.scrollTop; });
  area.addEventListener("keydown", (event) => keys(event, area, list));
  area.addEventListener("blur", () => { list.hidden = true; });
  document.body.addEventListener("htmx:afterSwap", (event) => { if (event.target.id === "wrong") repaint(); });
  repaint();
}
