import { join } from "node:path";
import { currentLab, insideLab, runningLab } from "../lab";
import { packageRoot } from "../system/root";
import { ensureToolchain } from "../toolchain";
import { colors } from "./colors";
import { handOver } from "./foreground";
import { type KnownStack, knownStack } from "./known-stack";
import { labsOf } from "./lab-stacks";
import { measure } from "./measure";
import { stackFile } from "./stack-file";
import { readState, type StackState } from "./state";
import { type StatusReport, statusTable } from "./status-table";
import { backendOf, cliOf } from "./surroundings";
import { holdersOf, judge, type Verdict } from "./verdict";

export interface StatusOptions {
  stack: string;
  json?: boolean;
}

/**
 * Shows how the stack stands, measured now.
 *
 * @returns 0 if it is healthy, 1 if it is not
 */
export async function status({ stack, json = false }: StatusOptions): Promise<number> {
  const file = stackFile(stack);
  const state = await stateOf(stack);
  const known = state && knownStack(state, file);
  if (!known) {
    const message = `${stack} is not up: \`npm run up\` makes it`;
    return show(unmeasured(stack, undefined, { state: "not-up", message }), json);
  }
  if (labsOf(state).length > 0 && !currentLab()) {
    const lab = runningLab();
    if (lab) return await againInside(lab, stack, json);
    const message = "the lab does not run: `npm run up` starts it and the machines";
    return show(unmeasured(stack, known, { state: "lab-stopped", message }), json);
  }
  const { vip, url, nodes } = known;
  const measured = await measure(nodes, url);
  const verdict = judge(measured.nodes, measured.ping);
  const holders = holdersOf(measured.nodes).map(({ name }) => name);
  return show(
    { stack, vip, url, healthy: verdict.state === "healthy", ...verdict, holders, ...measured },
    json,
  );
}

async function stateOf(stack: string): Promise<StackState | undefined> {
  const quiet = (): void => {};
  const cli = async () => cliOf({ toolchain: await ensureToolchain(quiet), lab: undefined });
  // A stack of the lab is in a local backend, also where the user is logged in to another one.
  const local = await readState(backendOf(true), stack, cli);
  return local ?? (await readState(backendOf(currentLab() !== undefined), stack, cli));
}

/** A network namespace is a property of the process: what is to see the lab's network must start in it. */
async function againInside(
  lab: NonNullable<ReturnType<typeof runningLab>>,
  stack: string,
  json: boolean,
): Promise<number> {
  const program = join(packageRoot, "cli", "bootstrap.mjs");
  const argv = [process.execPath, program, "status", "--stack", stack, ...(json ? ["--json"] : [])];
  return await handOver(insideLab(lab, argv), packageRoot);
}

function unmeasured(stack: string, known: KnownStack | undefined, verdict: Verdict): StatusReport {
  const { vip = "", url = "", nodes = [] } = known ?? {};
  return {
    ...{ stack, vip, url, healthy: false, ...verdict, holders: [] },
    ping: { ok: false, error: "not tried" },
    nodes: nodes.map(({ name, address }) => ({ name, address, error: "not asked" })),
  };
}

function show(report: StatusReport, json: boolean): number {
  const text = json
    ? JSON.stringify(report, undefined, 2)
    : report.nodes.length > 0
      ? statusTable(report, colors)
      : colors.red(report.message);
  process.stdout.write(`${text}\n`);
  return report.healthy ? 0 : 1;
}
