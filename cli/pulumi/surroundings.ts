import { join } from "node:path";
import { currentLab, insideLabWith, type LabDescription } from "../../lab";
import type { Command } from "../../local/foreground";
import { packageRoot } from "../../local/root";
import type { Toolchain } from "../../local/toolchain";
import { type Backend, chooseBackend, pulumiEnvironment } from "../../local/toolchain/environment";
import type { Cli } from "../../stack/state";

/** Where a command runs its programs: the Pulumi to use, and whether they run in the lab. */
export interface Surroundings {
  toolchain: Toolchain;
  /** The lab whose network everything runs in; undefined: this machine's own. */
  lab: LabDescription | undefined;
}

/** Whether this process runs in the lab already, as in `ha-rancher shell`. */
export const isInside = (): boolean => currentLab() !== undefined;

/** The backend of stacks that run there; reports if it differs from the user's. */
export function backendOf(usesLab: boolean, say: (line: string) => void = () => {}): Backend {
  const backend = chooseBackend(usesLab);
  if (backend.notUsed) {
    say(
      `You are logged in to ${backend.notUsed}, which cannot be reached from the lab: local files are used`,
    );
  }
  return backend;
}

/** The command that runs a program there. `pulumi` is on its PATH. */
export function commandIn(
  { toolchain, lab }: Surroundings,
  argv: string[],
  extra: NodeJS.ProcessEnv = {},
): Command {
  if (!lab || isInside()) {
    const [command = "", ...args] = argv;
    return { command, args, env: pulumiEnvironment(toolchain, extra) };
  }
  const env = pulumiEnvironment(toolchain, { HA_RANCHER_LAB: join(lab.home, "lab.json"), ...extra });
  return insideLabWith(lab, argv, env);
}

/** How to call `pulumi` for what needs no network. */
export function cliOf({ toolchain, lab }: Surroundings): Cli {
  const offline = lab ? { HA_RANCHER_LAB: join(lab.home, "lab.json") } : {};
  return {
    pulumi: join(toolchain.bin, "pulumi"),
    env: pulumiEnvironment(toolchain, offline),
    cwd: packageRoot,
  };
}
