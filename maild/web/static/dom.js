// Small things that all modules use.
export const $ = (what, within = document) => within.querySelector(what);
export const $$ = (what, within = document) => [...within.querySelectorAll(what)];

export function on(type, what, act, options) {
  document.addEventListener(type, (event) => {
    const found = event.target instanceof Element && event.target.closest(what);
    if (found) act(event, found);
  }, options);
}

export function typing(event) {
  const at = event.target;
  return at instanceof HTMLElement && (at.isContentEditable || at.matches("input:not([type=checkbox]):not([type=radio]), select, textarea"));
}

export const tell = (name, detail) => document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));

export async function post(address, fields) {
  const body = new URLSearchParams(fields);
  return fetch(address, { method: "POST", body, headers: { "HX-Request": "true" } });
}
