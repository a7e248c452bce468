import { z } from "zod";
import { linkedProgram } from "../../domain/node-set";
import { shellQuote } from "../../domain/shell-quote";
import { shownLine } from "../../domain/shown-text";
import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { asRoot, exec, lastLines } from "../../providers/remote/ssh";
import type { KnownStack } from "../../stack/known-stack";
import { askNodes } from "../../stack/measure";
import { needsService } from "../../stack/needs-service";
import { endpointOf, knownNode } from "../../stack/nodes";
import { confirm } from "../ui/confirm";
import { activeNode } from "./backup";
import { restoringNode } from "./restore";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Milliseconds: a snapshot takes none of them, a rollback stops and starts the service. */
const limits = { look: 60_000, rollback: 3_600_000 };

/** What `agent snapshots` and `agent snapshot` say. */
const snapshotForm = z.object({
  name: z.string().regex(/^([1-9]\d{0,15}|(at|replaced)-\d{8}T\d{6}Z|failed-[1-9]\d{0,15})$/),
  /** Seconds since 1970. */
  made: z.number().min(0).max(1e11),
  what: z.string().max(300),
});

export type Snapshot = z.output<typeof snapshotForm>;

/** Of the text that a node answers with. @throws Failure if it has another form */
export function snapshotsIn(text: string, node: string): Snapshot[] {
  try {
    return z.array(snapshotForm).max(100_000).parse(JSON.parse(text));
  } catch {
    throw new Failure(`${node} does not say which snapshots there are in a form that is known`);
  }
}

const timeOf = ({ made }: Snapshot): string => new Date(made * 1_000).toISOString().slice(0, 19);

/** One line of the list. */
export const shownSnapshot = (each: Snapshot): string =>
  `${each.name.padEnd(26)}  ${timeOf(each)}Z  ${shownLine(each.what, 100)}`;

/** Runs a program of the node as root. @returns what it prints. @throws Failure with what it says */
async function onNode(known: KnownStack, name: string, words: string[], timeout: number): Promise<string> {
  const ssh = await endpointOf(knownNode(known, name));
  const { code, stdout, stderr } = await exec(ssh, asRoot(ssh, words.map(shellQuote).join(" ")), { timeout });
  if (code !== 0) throw new Failure(`${name}: ${lastLines(stderr) || `it ended with code ${code}`}`);
  return stdout;
}

const agent = linkedProgram("host/agent");

export interface SnapshotsOptions {
  stack: string;
  /** Take one now. */
  make?: boolean;
  json?: boolean;
  /** Wait for who works on the stack. */
  wait?: boolean;
}

/**
 * Lists the snapshots of the datastore, or takes one while the service runs.
 *
 * @returns 0
 * @throws Failure if no node serves, or the NFS server cannot clone files
 */
export async function snapshots(known: KnownStack, { make, json }: SnapshotsOptions): Promise<number> {
  needsService(known, "there is no shared data to take a snapshot of");
  const name = activeNode(await askNodes(known.nodes));
  if (make) {
    const made = (await onNode(known, name, [agent, "snapshot"], limits.look)).trim();
    say(json ? JSON.stringify({ name: made }) : `the snapshot is ${shownLine(made, 60)}`);
    return 0;
  }
  const found = snapshotsIn(await onNode(known, name, [agent, "snapshots"], limits.look), name);
  if (json) say(JSON.stringify(found));
  else if (found.length === 0) say("there are no snapshots");
  else for (const each of found) say(shownSnapshot(each));
  return 0;
}

export interface RollbackOptions {
  stack: string;
  snapshot: string;
  /** Do not ask. */
  yes?: boolean;
  /** Wait for who works on the stack. */
  wait?: boolean;
}

/**
 * Puts a snapshot in the datastore's place, after a confirmation. The service stops and starts in order for it; what was
 * there is kept as a snapshot, and comes back if the service does not get well.
 *
 * @returns 0
 * @throws Failure if it was refused or failed; the data is then as before, unless the message says otherwise
 */
export async function rollback(
  known: KnownStack,
  { stack, snapshot, yes }: RollbackOptions,
): Promise<number> {
  needsService(known, "there is no shared data to roll back");
  if (!snapshotForm.shape.name.safeParse(snapshot).success)
    throw new Failure(
      `${shownLine(snapshot, 60)} is no name of a snapshot: \`${callOn(stack, "snapshots")}\` lists them`,
      2,
    );
  const name = restoringNode(await askNodes(known.nodes));
  if (!yes)
    await confirm({
      title: `The datastore of the stack ${stack} would be as it was in ${snapshot}, and this is in it no more:`,
      losses: [
        `what the service has written since (${known.url}); it stays beside it, as a snapshot of its own`,
        "nothing else: files outside of the datastore stay as they are",
      ],
      message: "Stop the service, roll back, and start it?",
      unasked: callOn(stack, "rollback", "--yes", snapshot),
    });
  const said = await onNode(known, name, [linkedProgram("backup/rollback"), snapshot], limits.rollback);
  say(`${name}: ${lastLines(said)}`);
  return 0;
}
