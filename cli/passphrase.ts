import { passphraseFile } from "../system/paths";
import { tryRun } from "../system/run";
import { Failure } from "./errors";
import type { Cli } from "./state";

/** The variable with a passphrase that the user chose; undefined if it is the program's own. */
function chosenBy(environment: NodeJS.ProcessEnv): string | undefined {
  if (environment.PULUMI_CONFIG_PASSPHRASE !== undefined) return "PULUMI_CONFIG_PASSPHRASE";
  const file = environment.PULUMI_CONFIG_PASSPHRASE_FILE;
  return file && file !== passphraseFile() ? "PULUMI_CONFIG_PASSPHRASE_FILE" : undefined;
}

/**
 * Refuses a passphrase that is not the stack's. Pulumi itself would first run the program, without the secrets in
 * it. Asked only where the user chose one, since the answer takes a second.
 */
export async function checkPassphrase(stack: string, { pulumi, ...options }: Cli): Promise<void> {
  const variable = chosenBy(process.env);
  if (!variable) return;
  const args = ["stack", "export", "--show-secrets", "--stack", stack, "--non-interactive"];
  const { code, stderr } = await tryRun(pulumi, args, options);
  if (code !== 0 && /passphrase/.test(stderr))
    throw new Failure(
      `\`${variable}\` is not the passphrase that the stack ${stack} was made with: set that one, or unset it if the stack was made without`,
    );
}
