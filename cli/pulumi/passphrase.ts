import { readFileSync } from "node:fs";
import { Failure } from "../../local/errors";
import { passphraseFile } from "../../local/paths";
import { fits } from "../../local/pulumi/passphrase";

/** The passphrase that the user chose, with its variable; undefined if the program's own passphrase is used. */
function chosenBy(environment: NodeJS.ProcessEnv): { variable: string; passphrase: string } | undefined {
  const { PULUMI_CONFIG_PASSPHRASE: passphrase, PULUMI_CONFIG_PASSPHRASE_FILE: file } = environment;
  if (passphrase !== undefined) return { variable: "PULUMI_CONFIG_PASSPHRASE", passphrase };
  if (!file || file === passphraseFile()) return undefined;
  try {
    // Pulumi trims it too.
    return { variable: "PULUMI_CONFIG_PASSPHRASE_FILE", passphrase: readFileSync(file, "utf8").trim() };
  } catch (error) {
    throw new Failure(`\`PULUMI_CONFIG_PASSPHRASE_FILE\` cannot be read: ${(error as Error).message}`);
  }
}

/**
 * Refuses a passphrase that is not the stack's. Pulumi itself would run the program first, with empty secrets. The
 * program's own passphrase is not checked: that would cost half a second each time.
 *
 * @param salt of the stack's state; undefined if it has none, as with other secrets providers
 */
export async function checkPassphrase(stack: string, salt: string | undefined): Promise<void> {
  const chosen = chosenBy(process.env);
  if (!chosen || !salt || (await fits(chosen.passphrase, salt))) return;
  throw new Failure(
    `\`${chosen.variable}\` is not the passphrase that the stack ${stack} was made with: set that one, or unset it if there was none`,
  );
}
