/** How things are said on the page. */

/** `2 d 3 h`, `5 min 12 s`, `0.4 s`. */
export function duration(seconds) {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`;
  const units = [
    ["d", 86_400],
    ["h", 3_600],
    ["min", 60],
    ["s", 1],
  ];
  let rest = Math.floor(seconds);
  const parts = [];
  for (const [name, size] of units) {
    if (rest >= size) parts.push(`${Math.floor(rest / size)} ${name}`);
    rest %= size;
  }
  return parts.slice(0, 2).join(" ");
}

/** Longer times without their fast parts, which would move all the time. */
export const roughly = (seconds) =>
  seconds < 60 ? `${Math.max(0, Math.floor(seconds))} s` : duration(seconds);

export const clockTime = (at) => new Date(at).toTimeString().slice(0, 8);

export const minuteTime = (at) => new Date(at).toTimeString().slice(0, 5);

/** An element, with text. */
export function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Sets a text only if it is another one: what a screen reader stands on stays. */
export function tell(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** A text with `calls` in backticks as code. */
export function withCode(place, text) {
  if (place.dataset.text === text) return;
  place.dataset.text = text;
  place.replaceChildren(...text.split("`").map((part, i) => (i % 2 ? element("code", part) : part)));
}

/** Replaces what is listed, if it is something else than before. */
export function list(place, key, items) {
  if (place.dataset.key === key) return;
  place.dataset.key = key;
  place.replaceChildren(...items());
}
