/** Drawing: SVG elements, and what both charts share. */

const namespace = "http://www.w3.org/2000/svg";

export function svg(name, attributes = {}, children = []) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** Puts a drawing as wide as its place into that place. */
export function draw(place, height, make) {
  const width = Math.max(240, place.clientWidth);
  const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" });
  drawing.append(...make(width));
  place.replaceChildren(drawing);
}

/** A text at a place; `end`: which of its ends is there. */
export function label(x, y, text, attributes = {}) {
  return svg("text", { x, y, ...attributes }, [text]);
}

/** Where a time is, from left to right. */
export const scale = (from, until, left, right) => (at) =>
  left + ((Math.min(until, Math.max(from, at)) - from) / (until - from)) * (right - left);

/** Calls back when the place is as wide as never before. */
export function onWidth(place, again) {
  let width = 0;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    again();
  }).observe(place);
}
