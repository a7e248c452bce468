import { showSamples } from "./client.js";
import { showNodes } from "./nodes.js";
import { showButtons, showOrder } from "./orders.js";
import { showTimeline } from "./timeline.js";
import { element, list, tell, withCode } from "./words.js";

const at = (id) => document.getElementById(id);
const signs = { good: "✔", warn: "▲", bad: "✖" };

function showVerdict({ state, tone, message, remarks, holders }) {
  const verdict = at("verdict");
  // Read aloud only when the state is another one: numbers in the message change all the time.
  const key = `${state} ${holders.join()}`;
  if (verdict.dataset.state !== key) {
    if (verdict.dataset.state !== undefined) tell(at("told"), message);
    verdict.dataset.state = key;
  }
  verdict.dataset.tone = tone;
  tell(at("sign"), signs[tone]);
  withCode(at("message"), message);
  list(at("remarks"), JSON.stringify(remarks), () =>
    remarks.map((remark) => {
      const item = element("li");
      withCode(item, remark);
      return item;
    }),
  );
}

function showState(model) {
  const { stack, vip, url, state } = model;
  tell(at("stack"), stack);
  tell(at("vip"), vip);
  tell(at("url"), url);
  if (/^https?:\/\//.test(url) && at("url").href !== url) at("url").href = url;
  document.title = `${signs[model.tone]} ${stack}: ${state}`;
  showVerdict(model);
  showNodes(model);
  showTimeline(model.timeline);
  showButtons(at("buttons"), model.buttons.all);
  at("main").setAttribute("aria-busy", "false");
}

function showLink(live, text) {
  at("link").dataset.live = live ? "yes" : "no";
  tell(at("link"), text);
}

const events = new EventSource("events");
let last = 0;
const on = (name, show) =>
  events.addEventListener(name, ({ data }) => {
    last = performance.now();
    showLink(true, "live");
    show(JSON.parse(data));
  });
on("state", showState);
on("client", showSamples);
on("order", showOrder);
on("fault", ({ text }) => showLink(false, `this cannot be shown: ${text}`));
events.addEventListener("error", () => showLink(false, "no connection: has the program ended?"));
setInterval(() => {
  if (last > 0 && performance.now() - last > 10_000) showLink(false, "nothing new for 10 seconds");
}, 2_000);
