import { currentLab } from "../../lab";
import { ensureToolchain } from "../../local/toolchain";
import { stackFile } from "../../stack/stack-file";
import { type Cli, readState } from "../../stack/state";
import { checkPassphrase } from "./passphrase";
import { backendOf, cliOf } from "./surroundings";

/** How to read and write a stack's state with Pulumi, where this process runs, and the stack's file, which that may write. */
export async function accessTo(stack: string): Promise<{ cli: Cli; file: string }> {
  const lab = currentLab();
  const toolchain = await ensureToolchain((line) => void process.stderr.write(`${line}\n`));
  const cli = (): Cli => cliOf({ toolchain, lab });
  const state = await readState(backendOf(lab !== undefined), stack, async () => cli());
  // It may choose another passphrase for what is called.
  await checkPassphrase(stack, state?.salt);
  return { cli: cli(), file: stackFile(stack) };
}
