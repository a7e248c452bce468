import * as pulumi from "@pulumi/pulumi";
import { withLikelyCause } from "../domain/causes";
import { shellQuote } from "../domain/shell-quote";
import { shownLines } from "../domain/shown-text";
import { callOf } from "../local/called";
import { runReleaseScript } from "../providers/release/scripts";
import { pinnedSshWords, type SshEndpoint } from "../providers/remote/endpoint";
import { connectAhead } from "../providers/remote/ssh";
import { awaitHolders, type Holders, measureHolders } from "../providers/vip/holders";
import { waitForPing } from "../providers/vip/ping";
import type { Node } from "./node";
import type { Workload } from "./workload";

/** A node as the stack's outputs show it. Nothing in it is secret: the key is named by its file. */
export interface NodeOutput {
  name: string;
  address: string;
  /** Measured: `master` has the VIP on an interface, `backup` has not. */
  role: "master" | "backup" | "unreachable";
  /** A command that logs in. */
  ssh: string;
  /** Where its SSH server answers. */
  host: string;
  user: string;
  port: number;
  keyFile: string;
  knownHostsFile: string;
  hostKey: string;
}

/** What was found on the nodes, not what was asked for. */
export interface Observation {
  /** The holder's name; `none`, or `several (...)`, if there is not exactly one. */
  currentMaster: string;
  vipHolders: string[];
  nodes: NodeOutput[];
}

export interface ObserveArgs {
  nodes: Node[];
  /** The floating IP, without prefix. */
  vip: string;
  /** What answers through it. */
  workload: Workload;
  /** In an update, observed once this is known. */
  after: pulumi.Output<unknown>;
}

/** Milliseconds that an unreachable node may delay the lookup. */
export const lookupDeadline = 3_000;
/**
 * For exactly one holder in an update, once the service answers. Somebody answered, so somebody has the VIP: if it does not look
 * so, a move is not over yet, or the update has made a node too busy to say it.
 */
const settling = { all: 30_000, once: 10_000, pause: 500 };

/**
 * Looks who holds the VIP. In an update it first waits until the service answers through the VIP, and fails if that
 * takes longer than `startDeadline`, or if there is not exactly one holder then. It is a lookup and not a
 * resource, so that it runs at every `up` and never shows as a change.
 */
export function observe(args: ObserveArgs): pulumi.Output<Observation> {
  for (const { ssh } of args.nodes)
    pulumi.unsecret(ssh).apply((known) => connectAhead(known, lookupDeadline));
  const endpoints = pulumi.unsecret(pulumi.all(args.nodes.map((node) => node.ssh)));
  // A preview looks at what is there now: what it would change is not known yet, and not needed.
  const isPreview = pulumi.runtime.isDryRun();
  const addresses = pulumi.all(args.nodes.map((node) => node.address));
  return pulumi.all([endpoints, addresses, isPreview ? [] : args.after]).apply(async ([ssh, address]) => {
    const nodes = args.nodes.map(({ name }, i) => ({
      ...{ name, address: address[i] as string, ssh: ssh[i] as SshEndpoint },
    }));
    const { vip } = args;
    const isUpdate = !isPreview;
    if (isUpdate) await waitForService(nodes, args);
    const found = await (isUpdate
      ? awaitHolders(nodes, vip, ({ length }) => length === 1, settling)
      : measureHolders(nodes, vip, lookupDeadline));
    const observation = describe(nodes, found);
    if (isUpdate && found.holders.length !== 1) throw new pulumi.RunError(notOneHolder(vip, found));
    return observation;
  });
}

/** Why an update fails that does not find exactly one. */
export function notOneHolder(vip: string, { holders, unreachable }: Holders): string {
  const who = holders.length > 0 ? ` (${holders.join(", ")})` : "";
  const silent =
    unreachable.length > 0 ? `, and ${unreachable.join(" and ")} did not answer over SSH in time` : "";
  return `the VIP ${vip} has ${holders.length || "no"} holder${holders.length > 1 ? "s" : ""}${who}, not exactly one${silent}; look with \`${callOf("status")}\``;
}

/** A node, with how to log in. */
export type Reachable = { name: string; address: string; ssh: SshEndpoint };

/** What was found of a VIP, for the outputs. */
export function describe(nodes: Reachable[], found: Holders): Observation {
  const role = (name: string): NodeOutput["role"] => {
    if (found.unreachable.includes(name)) return "unreachable";
    return found.holders.includes(name) ? "master" : "backup";
  };
  return {
    currentMaster: masterAmong(found.holders),
    vipHolders: found.holders,
    nodes: nodes.map(({ name, address, ssh }) => ({
      name,
      address,
      role: role(name),
      ssh: sshCommand(ssh),
      host: ssh.host,
      user: ssh.user,
      port: ssh.port,
      keyFile: ssh.keyFile,
      knownHostsFile: ssh.knownHostsFile,
      hostKey: ssh.hostKey,
    })),
  };
}

/** The one holder, or in words that there is not exactly one. */
export const masterAmong = (holders: string[]): string =>
  holders.length > 1 ? `several (${holders.join(", ")})` : (holders[0] ?? "none");

/** A command line for a person's shell that logs in with the pinned host key. */
function sshCommand(ssh: SshEndpoint): string {
  const port = ssh.port === 22 ? [] : ["-p", String(ssh.port)];
  return ["ssh", ...[...pinnedSshWords(ssh), ...port, `${ssh.user}@${ssh.host}`].map(shellQuote)].join(" ");
}

async function waitForService(nodes: Reachable[], { workload }: ObserveArgs): Promise<void> {
  const { title, url, answers, causes } = workload;
  let told = 0;
  const say = (line: string): void => {
    // Why nobody answers may change twice a second while the container starts.
    if (Date.now() - told < 10_000) return;
    told = Date.now();
    void pulumi.log.info(line, undefined, undefined, true);
  };
  try {
    await waitForPing(url, answers, workload.startDeadline * 1000, say);
  } catch (error) {
    const logs = await Promise.all(nodes.map(lastWords));
    throw new pulumi.RunError(
      [
        `${title} does not answer through the VIP: ${error instanceof Error ? error.message : error}`,
        withLikelyCause(logs.join("\n"), causes),
        `What exists is in the state. Mend the cause and run \`${callOf("up")}\` again; \`${callOf("status")}\` shows each node.`,
      ].join("\n"),
    );
  }
}

/** The end of a node's agent and container logs, for an error's text. */
async function lastWords({ name, ssh }: Reachable): Promise<string> {
  try {
    return `--- ${name}:\n${shownLines(await runReleaseScript(ssh, "last-words")).trim()}`;
  } catch (error) {
    return `--- ${name}: ${error instanceof Error ? error.message : error}`;
  }
}
