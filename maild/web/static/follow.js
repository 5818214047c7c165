// What changes is on every open page within a second: one stream a browser, shared by its tabs.
import { $, $$, tell } from "/static/dom.js";

export function follow(worker) {
  if (!worker) return;
  if (window.SharedWorker) {
    const shared = new SharedWorker(worker, { name: "maild" });
    shared.port.onmessage = (event) => heard(event.data);
    shared.port.start();
    addEventListener("pagehide", () => shared.port.postMessage("bye"));
    addEventListener("pageshow", (event) => { if (event.persisted) shared.port.postMessage("hello"); });
  } else {
    const stream = new EventSource("/live");
    for (const name of ["hello", "news"]) stream.addEventListener(name, (event) => heard(JSON.parse(event.data)));
  }
  beat();
}

// What nobody looks at is fetched when he comes back; while much comes in, lists once in a second.
const behind = new Set();
function renew(what) {
  if (document.hidden) behind.add(what);
  else if (what === "live:list") lists();
  else tell(what);
}
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const what of behind) renew(what);
  behind.clear();
});
let listed = 0, last = 0;
function lists() {
  if (listed) return;
  const wait = Math.max(120, last + 900 - Date.now());
  listed = setTimeout(() => {
    listed = 0;
    if (document.hidden) { behind.add("live:list"); return; }
    last = Date.now();
    tell("live:list");
  }, wait);
}
// What came after the page was made and before its stream began (or while it was broken) counts too.
let mark = document.body.dataset.mark;
function heard(told) {
  const missed = told.hello && told.mark !== mark, news = told.news;
  mark = told.mark;
  if (missed) { renew("live:list"); renew("live:ticket"); }
  const here = $(".ticket[data-ticket]")?.dataset.ticket;
  const plain = news.filter((one) => one.what !== "presence");
  if (plain.length) renew("live:list");
  if (plain.some((one) => one.ticket === here)) renew("live:ticket");
  if (news.some((one) => one.ticket === here && one.what === "presence")) present();
}

// A field that somebody is in keeps what he types: the news wait until he leaves it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  if (target?.matches?.("[data-guard]") && target.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) {
    event.detail.shouldSwap = false;
    target.dataset.stale = "1";
  }
  if (target?.id === "talk") opened = $$("details[open]", target).map((one) => one.closest(".note-box")?.id).filter(Boolean);
  if (target?.id === "talk" && ($("iframe", target) || target.contains(document.activeElement) && document.activeElement !== document.body && document.activeElement.closest("details.menu[open]"))) event.detail.shouldSwap = false;
});
let opened = [];
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "talk") return;
  for (const id of opened) { const quoted = $(`#${CSS.escape(id)} details.quoted`); if (quoted) quoted.open = true; }
  const last = $("#talk")?.dataset.last, field = $("#composer input[name=last]");
  if (field && last && field.value !== last && !$("#composer textarea")?.value) field.value = last;
});
document.addEventListener("focusout", (event) => {
  const guard = event.target instanceof Element && event.target.closest("[data-guard][data-stale]");
  if (guard && !guard.contains(event.relatedTarget)) { delete guard.dataset.stale; tell("live:ticket"); }
});

// ---- who else is here
let writing = 0, timer = 0;
document.body.addEventListener("writes", () => { const first = Date.now() - writing > 15000; writing = Date.now(); if (first) present(); });
async function present() {
  const place = $("[data-seen]");
  if (!place || document.hidden) return;
  const body = new URLSearchParams({ writes: Date.now() - writing < 15000 ? "1" : "0", hand: Date.now() - touched < 20000 ? "1" : "0" });
  const answer = await fetch(place.dataset.seen, { method: "POST", body, headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  place.innerHTML = await answer.text();
  if (answer.headers.get("X-Clock") && answer.headers.get("X-Clock") !== clock) { clock = answer.headers.get("X-Clock"); window.htmx?.ajax("GET", $("[data-clock]").dataset.clock, { target: "#clock", swap: "innerHTML" }); }
}
let clock = "", touched = Date.now();
for (const type of ["pointerdown", "keydown", "pointermove"]) addEventListener(type, () => { touched = Date.now(); }, { passive: true });
setInterval(() => {
  for (const shown of $$("[data-elapsed][data-runs]")) {
    shown.since ??= performance.now();
    const seconds = Number(shown.dataset.elapsed) + Math.floor((performance.now() - shown.since) / 1000);
    shown.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}, 1000);
function beat() {
  present();
  clearInterval(timer);
  timer = setInterval(present, 10000);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) { beat(); tell("live:list"); tell("live:ticket"); } });
let alive = 0;
for (const type of ["pointerdown", "keydown"]) addEventListener(type, () => {
  if (Date.now() - alive < 60000 || document.querySelector(".gate")) return;
  alive = Date.now();
  fetch("/me/alive", { method: "POST", headers: { "HX-Request": "true" } }).catch(() => null);
}, { passive: true });
