import { z } from "zod";
import { shownLine } from "../../domain/shown-text";
import type { JournalEntry } from "./entry";

/** Something that happened on a node. Its texts are the node's, made harmless for terminals and pages. */
export interface NodeEvent {
  /** Who said it: the name of the connection, and not what the line claims. */
  node: string;
  /** Milliseconds since 1970, by the clock of whoever looks, as far as the node's offset is known. */
  at: number;
  source: "agent" | "lease" | "keepalived" | "docker";
  /**
   * The agent's own word (docs/agent.md): `state`, `takeover`, `again`, `released`, `kill`, ...; `vrrp`: keepalived has another
   * state; `unit`: what systemd says of a unit; `boot`: it is the first that is known of this boot.
   */
  kind: string;
  text: string;
  /** Of `state` and `vrrp`, in small letters; of `vrrp` only `init`: it has just started. Of `vip` what its agent is with it. */
  from?: string;
  to?: string;
  /** Of `vip`: the name of one that moves by itself. */
  vip?: string;
  /** Of `state`, `takeover` and `again`. */
  why?: string;
  /** Of `takeover`: who had the lease before; undefined: nobody. */
  after?: string;
  epoch?: number;
  /** How many events before this one the journal did not take. */
  lost?: number;
  /** Of `state` and `fit`: for how long it was as it is no more; milliseconds. */
  lasted?: number;
  /** Of `well`: the steps of a takeover, milliseconds since it was seen to be needed. */
  steps?: Record<string, number>;
}

const longestText = 400;

const word = (form: RegExp) => z.string().regex(form).optional().catch(undefined);
const milliseconds = z.number().int().nonnegative();

/** The agent writes these (node/agent/events.py); whoever has taken its node over may write anything. */
const said = z.object({
  event: z.string().regex(/^[a-z][a-z-]{0,39}$/),
  text: z.string(),
  epoch: z.number().int().nonnegative().optional().catch(undefined),
  lost: z.number().int().positive().optional().catch(undefined),
  // Agents of former versions say these in the text alone.
  from: word(/^[a-z]{1,20}$/),
  to: word(/^[a-z]{1,20}$/),
  why: z.string().optional().catch(undefined),
  after: word(/^\S{1,64}$/),
  lasted: milliseconds.optional().catch(undefined),
  steps: z
    .record(z.string().regex(/^[a-z]{1,20}$/), milliseconds)
    .refine((steps) => Object.keys(steps).length <= 10)
    .optional()
    .catch(undefined),
});

type Found = Omit<NodeEvent, "node" | "at" | "source">;

function ofState(text: string): Partial<Found> {
  const [, from = "", to = "", why = ""] = /^(\w{1,20}) -> (\w{1,20}): (.*)$/s.exec(text) ?? [];
  return from ? { from: from.toLowerCase(), to: to.toLowerCase(), why } : {};
}

function ofVip(text: string): Partial<Found> {
  const [, has, vip] = /^this node (has|does not have) the VIP (\S{1,64})$/.exec(text) ?? [];
  return vip === undefined ? {} : { vip, to: has === "has" ? "active" : "standby" };
}

function ofTakeover(text: string): Partial<Found> {
  const [, after = "", why = ""] = /^epoch \d+ after (\S{1,64}): (.*)$/s.exec(text) ?? [];
  return after && after !== "nobody" ? { after, why } : { why: why || text };
}

function byAgent(line: string): Found | undefined {
  if (!line.startsWith("{") || line.length > 65_536) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  const result = said.safeParse(json);
  if (!result.success) return undefined;
  const { event: kind, epoch, lost, lasted, steps } = result.data;
  const text = shownLine(result.data.text, longestText);
  return {
    ...{ kind, text },
    // Before a node has ever had the lease it says 0.
    ...(epoch ? { epoch } : {}),
    ...(lost ? { lost } : {}),
    ...(lasted ? { lasted } : {}),
    ...(steps ? { steps } : {}),
    ...toldOf(kind, text, result.data),
  };
}

/** From where to where, and why: as it is told, or else as the text has it. */
function toldOf(kind: string, text: string, { from, to, why, after }: z.infer<typeof said>): Partial<Found> {
  const words = why === undefined ? {} : { why: shownLine(why, longestText) };
  if (kind === "state") return from && to ? { from, to, ...words } : ofState(text);
  if (kind === "vip") return ofVip(text);
  if (kind !== "takeover" && kind !== "again") return {};
  if (after === undefined) return ofTakeover(text);
  return { ...(after === "nobody" ? {} : { after: shownLine(after, 64) }), ...words };
}

function byKeepalived(line: string): Found | undefined {
  const [, to, init] = /^\(\S{1,64}\) Entering (MASTER|BACKUP|FAULT) STATE( \(init\))?/.exec(line) ?? [];
  if (!to) return undefined;
  return {
    kind: "vrrp",
    text: `keepalived is ${to}`,
    to: to.toLowerCase(),
    ...(init ? { from: "init" } : {}),
  };
}

/** What systemd says of a unit that ended otherwise than told, or was told to. */
const fates = /^\S+: (Main process exited|Watchdog timeout|Failed with result|Start request repeated)/;
const orders = /^(Started|Stopped|Stopping) /;

function bySystemd(line: string): Found | undefined {
  if (!fates.test(line) && !orders.test(line)) return undefined;
  return { kind: "unit", text: shownLine(line, longestText) };
}

const sources = ["agent", "lease", "keepalived", "docker"] as const;

/** What an entry of a node's journal tells of its history; undefined: nothing. */
export function eventOf(node: string, { source: given, bySystemd: itsSystemd, text, time }: JournalEntry) {
  const source = sources.find((each) => each === given);
  if (!source) return undefined;
  const found = itsSystemd
    ? bySystemd(text)
    : source === "keepalived"
      ? byKeepalived(text)
      : source === "docker"
        ? undefined
        : byAgent(text);
  return found && ({ node, at: time, source, ...found } satisfies NodeEvent as NodeEvent);
}
