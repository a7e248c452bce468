import { showButtons } from "./orders.js";
import { clockTime, element, roughly, tell, withCode } from "./words.js";

/** The cards of the nodes: made once, and only their texts change. */

const rows = ["Agent", "VRRP", "Lease", "Container", "Mounted", "Up for"];
const cards = new Map();

function makeCard(name) {
  const card = element("article", "", { class: "node", "aria-label": `Node ${name}` });
  const head = element("div", "", { class: "node-head" });
  const badge = element("span", "", { class: "badge" });
  const vip = element("span", "has the VIP", { class: "badge vip" });
  const address = element("span", "", { class: "small" });
  head.append(element("h3", name), badge, vip, address);
  const why = element("p", "", { class: "why" });
  const facts = element("dl");
  const values = rows.map((row) => {
    const value = element("dd");
    const text = element("span");
    value.append(text);
    const term = element("dt", row);
    facts.append(term, value);
    return {
      text,
      show: (isThere) =>
        [term, value].forEach((each) => {
          each.hidden = !isThere;
        }),
    };
  });
  const beat = element("span", "", { class: "beat", "aria-hidden": "true" });
  values[2].text.after(beat);
  const buttons = element("div", "", { class: "buttons" });
  card.append(head, why, facts, buttons);
  return { card, badge, vip, address, why, values, beat, buttons };
}

const words = {
  ...{ serves: "serves", starts: "takes over", leaves: "leaves", standby: "would take over" },
  holds: "has the VIP, and does not serve",
};

/** What a node is there for, since when, and why not. */
function placeWords({ as, since, why, mend }, now) {
  const when = since === undefined ? "" : `since ${clockTime(since)} (${roughly((now - since) / 1000)})`;
  if (as !== "none") return `${words[as]} ${when}`.trim();
  return `${why}${when && `, ${when}`}${mend ? `. Mend: \`${mend}\`` : ""}`;
}

/** Whose the lease is, and that its heartbeats go on. */
function leaseWords({ lease, beats, heartbeat }) {
  const number = heartbeat === undefined ? "" : ` ${heartbeat}`;
  if (lease === undefined) return undefined;
  if (lease === "-") return "no owner is heard";
  return `${lease}, ${beats ? `heartbeat${number}` : "no heartbeats"}`;
}

const badges = {
  ...{ serves: "serves", starts: "takes over", leaves: "leaves", holds: "does not serve" },
  ...{ standby: "standby", none: "no standby" },
};

function showNode(parts, node, at) {
  const { card, badge, vip, address, why, values, beat } = parts;
  const { place, error, agent, epoch, heartbeat, vrrp, container, mounted, uptime } = node;
  card.dataset.holds = node.holdsVip ? "yes" : "no";
  badge.dataset.as = place.as;
  tell(badge, error ? "no answer" : badges[place.as]);
  vip.hidden = !node.holdsVip;
  tell(address, node.address);
  withCode(why, placeWords(place, at));
  const number = epoch ? `, epoch ${epoch}` : "";
  const last = uptime === undefined ? "-" : roughly(uptime);
  const texts = [`${agent}${number}`, vrrp, leaseWords(node), container, mounted, last];
  for (const [i, text] of texts.entries()) {
    // Of a node that does not answer it is not known which it would have.
    if (!error) values[i].show(text !== undefined);
    tell(values[i].text, error ? "?" : (text ?? ""));
  }
  const beats = node.beats && !error;
  beat.dataset.beats = beats ? "yes" : "no";
  // Another heartbeat was seen.
  if (beats && heartbeat !== parts.seen) {
    parts.seen = heartbeat;
    beat.dataset.pulse = "no";
    requestAnimationFrame(() => {
      beat.dataset.pulse = "yes";
    });
  }
}

/** Shows all nodes. */
export function showNodes({ nodes, at, buttons }) {
  const place = document.getElementById("nodes");
  for (const node of nodes) {
    if (!cards.has(node.name)) {
      cards.set(node.name, makeCard(node.name));
      place.append(cards.get(node.name).card);
    }
    showNode(cards.get(node.name), node, at);
    showButtons(cards.get(node.name).buttons, buttons.nodes[node.name] ?? []);
  }
}
