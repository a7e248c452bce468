import { duration } from "../domain/duration";
import { callOf } from "../local/called";
import { settling } from "./agent-findings";
import { agentRuns, type NodeReport, notSetUp } from "./node-report";

/** Why a node would not take over, and the one command that mends it. */
export interface Shortcoming {
  /** Follows "NAME is no standby: ". */
  why: string;
  /** A command line, for a person. */
  mend: string;
  /** Whether it stays so until somebody acts: else a moment may do. */
  lasts: boolean;
  /** Whether an operator ordered it: then it is no fault. */
  isOrdered?: boolean;
  /** For how long it has been so, seconds; undefined: nobody knows, or a moment. */
  forSeconds?: number;
}

/** Seconds: of what has just become so, for how long is not told. */
export const brief = 120;

const up = (): string => callOf("up");
/** Where a moment is all that it takes. */
const wait = (): string => callOf("status", "--within", 60);

const lasting = (why: string, mend = up()): Shortcoming => ({ why, mend, lasts: true });
const passing = (why: string, mend = up()): Shortcoming => ({ why, mend, lasts: false });

/** What became of a unit, in words that follow its name; `undefined`: nothing is known of it. */
function fateOf(word: string | null | undefined): string | undefined {
  const fates: Record<string, string> = {
    missing: "is not there any more: its unit was removed",
    masked: "was masked by hand",
    failed: "has failed",
    stopped: "was stopped by hand",
    "stopped, disabled": "was stopped and disabled by hand",
  };
  return word ? fates[word] : undefined;
}

/** An update looks at a machine whose SSH server is silent, and starts it, or makes it again. */
function unreached({ error }: NodeReport): Shortcoming {
  if (error === notSetUp) return lasting("nothing of ours is on it yet");
  const why = error?.split("\n")[0] ?? "no answer";
  return lasting(`it cannot be reached (${why})`);
}

/** What an operator ordered, which only an order ends. */
function ordered({ name, status }: NodeReport): Shortcoming | undefined {
  const { banned, leave } = status?.orders ?? {};
  if (status?.keepalived?.maintenance)
    return { ...lasting("it is in maintenance", callOf("maintenance", name, "off")), isOrdered: true };
  if (banned) return { ...lasting(`it is banned (${banned})`, callOf("allow", name)), isOrdered: true };
  if (leave) return { ...passing(`it has just handed over (${leave})`, wait()), isOrdered: true };
  return undefined;
}

function withoutAgent(node: NodeReport): Shortcoming | undefined {
  const { status } = node;
  if (!status?.agent || agentRuns(node)) return undefined;
  const { agent, units } = status;
  const words = agent.fault ?? agent.reason;
  // An upgrade that was broken off stopped it.
  if (words?.includes("kept out of service")) return lasting(`it is ${words.replace(/:.*/, "")}`);
  const fate = fateOf(units?.agent);
  return lasting(fate ? `its agent ${fate}` : `no agent runs there${words ? ` (${words})` : ""}`);
}

function withoutKeepalived({ status }: NodeReport): Shortcoming | undefined {
  if (status?.vrrpState === null)
    return passing("it did not say in time whether its keepalived runs: it hangs or is overloaded");
  if (status?.vrrpState !== "STOPPED") return undefined;
  return lasting(`its keepalived ${fateOf(status.units?.keepalived) ?? "does not run"}`);
}

/** An agent's reasons by what they begin with: what is behind them, and what mends it. */
const reasons: readonly [begin: string, about: (words: string, node: NodeReport) => Shortcoming][] = [
  ["Docker was not asked yet", () => passing("its agent has just started", wait())],
  [
    "Docker does not answer",
    (words, { status }) => {
      const fate = fateOf(status?.units?.docker);
      return passing(fate ? `its Docker ${fate}` : words);
    },
  ],
  ["there is no container", (words) => passing(`${words}: it was removed by hand`)],
  [
    "the lease directory",
    (words, { status }) => {
      const fate = fateOf(status?.units?.lease);
      return passing(fate ? `its lease process ${fate}` : words);
    },
  ],
  [
    "the NFSv4 client identity",
    (words, { name }) =>
      lasting(words, callOf("ssh", name, "sudo", "systemctl", "restart", "ha-rancher-nfs-identity")),
  ],
  [
    "the NFS client takes lost locks back",
    (words, { name }) =>
      lasting(
        words,
        `${callOf("ssh", name)} "echo 0 | sudo tee /sys/module/nfs/parameters/recover_lost_locks"`,
      ),
  ],
  [
    "the NFS server's lease time",
    (words) => lasting(`${words}: raise it there, or set \`guard.watchdog\` lower`),
  ],
  [
    "`watchdog` is required",
    (words, { name }) => lasting(words, callOf("ssh", name, "sudo", "modprobe", "softdog")),
  ],
  ["told to hand over", (words) => passing(`it was ${words}`, wait())],
  ["a start of the container may still happen", (words) => passing(words, wait())],
];

function unfit(node: NodeReport): Shortcoming | undefined {
  const { status } = node;
  const words = status?.agent?.fault;
  if (!words) return undefined;
  // What it says this moment, keepalived has not heard yet, and may never.
  const { vrrpState, keepalived } = status;
  const isInForce = vrrpState === "FAULT" && (keepalived?.since ?? settling) >= settling;
  if (vrrpState && !isInForce) return undefined;
  const known = reasons.find(([begin]) => words.startsWith(begin));
  if (known) return known[1](words, node);
  // The service did not stay well there: it keeps away for a while, unless that is forgotten.
  return status.health?.failures ? lasting(words, callOf("failures", "--clear")) : passing(words);
}

/** A node that refuses VIPs says why; what runs there is for others to mend. */
function refuses({ name, status }: NodeReport): Shortcoming | undefined {
  const words = status?.agent?.fault;
  return words ? passing(words, callOf("ssh", name)) : undefined;
}

/** Why its keepalived is in FAULT although its agent has nothing against the VIP. */
function inFault({ name, status }: NodeReport): Shortcoming | undefined {
  if (status?.vrrpState !== "FAULT") return undefined;
  const { agent, orders, keepalived } = status;
  // It leaves the VIP to the one that is preferred: no fault of it.
  const defers = orders?.prefer && orders.prefer !== name;
  if (defers || (keepalived?.since ?? settling) < settling) return undefined;
  const state = agent && agent.state !== "standby" ? `its agent is ${agent.state}` : "";
  const reason = state && agent?.reason ? `${state} (${agent.reason})` : state;
  return passing(
    `its keepalived is in FAULT${reason ? `; ${reason}` : ""}`,
    reason ? up() : callOf("logs", name),
  );
}

/** For how long its agent, or else its keepalived, has been as it is; not told of what may pass in a moment. */
function timeOf({ status }: NodeReport): number | undefined {
  const { agent, vrrpState, keepalived } = status ?? {};
  const inFault = vrrpState === "FAULT" || vrrpState === "STOPPED" ? keepalived?.since : undefined;
  const since = agent?.fault ? (agent.faultSince ?? inFault) : inFault;
  return since !== undefined && since !== null && since >= brief ? since : undefined;
}

/** Why a node that does not hold the VIP would not take over; undefined if it would. The nearest cause comes first. */
export function shortcomingOf(node: NodeReport): Shortcoming | undefined {
  if (!node.status) return unreached(node);
  const looks = [
    ordered,
    withoutAgent,
    withoutKeepalived,
    ...(node.status.vips ? [refuses] : [unfit, inFault]),
  ];
  const found = looks.map((look) => look(node)).find((each) => each !== undefined);
  const forSeconds = timeOf(node);
  return found && (forSeconds === undefined ? found : { ...found, forSeconds });
}

/** A node's place in its stack: it has the VIP, it would take it over, or it would not. */
export type Standing = { name: string } & ({ as: "serves" | "standby" } | ({ as: "none" } & Shortcoming));

/** Each node's place. */
export const standingsOf = (nodes: readonly NodeReport[]): Standing[] =>
  nodes.map((node): Standing => {
    const { name, status } = node;
    if (status?.holdsVip) return { name, as: "serves" };
    const found = shortcomingOf(node);
    return found ? { name, as: "none", ...found } : { name, as: "standby" };
  });

/** A sentence about a node that is no standby. */
export const shownShortcoming = (name: string, { why, mend, forSeconds }: Shortcoming): string =>
  `${name} is no standby${forSeconds === undefined ? "" : ` for ${duration(forSeconds)} now`}: ${why}. Mend: \`${mend}\``;
