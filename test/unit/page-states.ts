import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Watch } from "../../cli/page/hub";
import { type PageModel, pageModel, type Sample } from "../../cli/page/model";
import { reportOf } from "../../cli/status-report";
import { packageRoot } from "../../local/root";
import { historyOf } from "../../stack/history";
import { type NodeReport, parseNodeStatus } from "../../stack/node-report";
import { entriesOf, readingsAhead } from "./history-journals";

/* How two real agents were in five situations: recorded by test/agent/support/record_states.py. */

export const situations = ["healthy", "failover", "standby-unfit", "no-holder", "two-holders"] as const;
export type Situation = (typeof situations)[number];

interface Recorded {
  at: number;
  nodes: { name: string; address: string; status?: object; error?: string }[];
  journals: Record<string, string[]>;
}

const read = (situation: Situation): Recorded =>
  JSON.parse(
    readFileSync(join(packageRoot, "test", "unit", "states", `${situation}.json`), "utf8"),
  ) as Recorded;

/** Milliseconds by which the start is moved into the past: the recordings are half a minute long, and a page shows an hour. */
const earlier = 47 * 60_000;

/** The recorded times until the service was well for the first time lie further back. */
function earlierStart(found: Recorded): Recorded {
  const timed = Object.values(found.journals).flatMap(entriesOf);
  const well = timed.find(({ text }) => text.includes("Warming -> Active"))?.time ?? 0;
  const past = (line: string): string =>
    line.replace(/("__REALTIME_TIMESTAMP": ")(\d+)"/, (_, name: string, stamp: string) => {
      const time = Number(stamp);
      return `${name}${time / 1_000 <= well + 500 ? time - earlier * 1_000 : time}"`;
    });
  const nodes = found.nodes.map((node) => {
    const status = structuredClone(node.status) as Partial<
      Record<"agent" | "keepalived", { since?: number }>
    >;
    const agent = status?.agent;
    // A verdict tells it by today's clock.
    delete status?.keepalived?.since;
    if (agent?.since !== undefined && found.at - agent.since * 1_000 <= well + 500)
      agent.since += earlier / 1_000;
    return { ...node, ...(status ? { status } : {}) };
  });
  const journals = Object.entries(found.journals).map(([name, lines]) => [name, lines.map(past)] as const);
  return { ...found, nodes, journals: Object.fromEntries(journals) };
}

const serves = (situation: Situation): boolean =>
  ["healthy", "standby-unfit", "two-holders"].includes(situation);

/** What the page gets in a situation; as `npm run watch` makes it, but for the questions. */
function modelOf(situation: Situation): PageModel {
  const { at, nodes, journals } = earlierStart(read(situation));
  const reports = nodes.map(
    ({ name, address, status, error }): NodeReport =>
      status
        ? { name, address, status: parseNodeStatus(JSON.stringify(status)) }
        : { name, address, error: error ?? "no answer" },
  );
  const ping = serves(situation)
    ? { ok: true, milliseconds: 39 }
    : { ok: false, error: "does not answer within 2 s" };
  const report = reportOf("dev", { vip: "192.0.2.10", url: "https://192.0.2.10" }, { nodes: reports, ping });
  const history = historyOf(
    Object.entries(journals).map(([node, lines]) => ({
      ...{ node, entries: entriesOf(lines), readings: readingsAhead(0) },
    })),
    at,
  );
  const silences = reports.flatMap(({ name, status }) =>
    status ? [] : [{ node: name, from: at - 6_000, until: at }],
  );
  return pageModel(report, history, { silences, remarks: [] }, at);
}

/** A client's answers in the last two minutes of a situation: none for the seconds since it began. */
function samplesOf(situation: Situation): Sample[] {
  const { at } = read(situation);
  const without = { healthy: 0, failover: 6_500, "standby-unfit": 0, "no-holder": 2_000, "two-holders": 0 }[
    situation
  ];
  return Array.from({ length: 240 }, (_, i): Sample => {
    const when = at - 120_000 + i * 500;
    return [when, at - when < without ? null : 30 + ((i * 7919) % 23)];
  });
}

/** A stack that is in a situation, and then in the next one. */
export class FakeStack {
  situation: Situation = "healthy";
  watched = 0;
  watching = 0;
  private changed: () => void = () => {};

  readonly watch: Watch = (changed) => {
    this.watched++;
    this.watching++;
    this.changed = changed;
    const ticking = setInterval(changed, 1_000);
    return {
      model: () => modelOf(this.situation),
      samples: () => samplesOf(this.situation),
      end: () => {
        clearInterval(ticking);
        this.watching--;
      },
    };
  };

  become(situation: Situation): void {
    this.situation = situation;
    this.changed();
  }
}
