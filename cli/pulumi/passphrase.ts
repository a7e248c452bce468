import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { callOf } from "../../local/called";
import { Failure } from "../../local/errors";
import { nextPassphraseFile, passphraseFile } from "../../local/paths";
import { fits } from "../../local/pulumi/passphrase";
import { secretsIn } from "../../local/pulumi/stack-file";

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

/** Refuses to change a passphrase that is not the program's own. */
export function refuseChosen(): void {
  const chosen = chosenBy(process.env);
  if (chosen)
    throw new Failure(
      `the passphrase is yours (\`${chosen.variable}\`): \`pulumi stack change-secrets-provider passphrase\` in \`${callOf("shell")}\` asks for another one; set the variable to that one then`,
    );
}

/**
 * Where the program's own passphrase is being changed, or that was interrupted, a stack has the former one or the new one: from
 * here on this process uses the one that the stack has.
 *
 * @param salt of the stack's state; undefined: it is new, and gets the new one
 */
export async function settlePassphrase(salt: string | undefined): Promise<void> {
  if (chosenBy(process.env) || !existsSync(nextPassphraseFile())) return;
  const former = ownPassphrase();
  if (salt === undefined || former === undefined || !(await fits(former, salt)))
    process.env.PULUMI_CONFIG_PASSPHRASE_FILE = nextPassphraseFile();
}

/**
 * Refuses a passphrase that is not the stack's. Pulumi itself would run the program first, with empty secrets. The
 * program's own passphrase is not checked: that would cost half a second each time.
 *
 * @param salt of the stack's state; undefined if it has none, as with other secrets providers
 */
export async function checkPassphrase(stack: string, salt: string | undefined): Promise<void> {
  await settlePassphrase(salt);
  const chosen = chosenBy(process.env);
  if (!chosen || !salt || (await fits(chosen.passphrase, salt))) return;
  throw new Failure(
    `\`${chosen.variable}\` is not the passphrase that the stack ${stack} was made with: set that one, or unset it if there was none`,
  );
}

/** The program's own passphrase, as it is on this machine; undefined: there is none yet. */
const ownPassphrase = (): string | undefined =>
  existsSync(passphraseFile()) ? readFileSync(passphraseFile(), "utf8").trim() : undefined;

/**
 * Refuses a stack's file whose `encryptionsalt` was made with another passphrase: Pulumi would only say "incorrect passphrase".
 * So it is on a second machine, where the program's own passphrase is another one.
 *
 * @param file the stack's file
 * @param salt of the stack's state, which was looked at already; undefined: the stack is new
 */
export async function checkFileSalt(file: string, salt?: string): Promise<void> {
  const found = existsSync(file) ? secretsIn(readFileSync(file, "utf8")) : undefined;
  if (found?.salt === undefined || found.salt === salt) return;
  const passphrase = chosenBy(process.env)?.passphrase ?? ownPassphrase();
  if (passphrase !== undefined && (await fits(passphrase, found.salt))) return;
  const lost =
    found.secure.length > 0
      ? ` and the values with \`secure:\` (${found.secure.map((name) => `\`${name}\``).join(", ")}), which nobody can read without it, and set those again (\`pulumi config set --secret\`)`
      : "";
  throw new Failure(
    `${basename(file)} has an \`encryptionsalt\` that was made with another passphrase than this machine's: set \`PULUMI_CONFIG_PASSPHRASE\` to that passphrase, or remove the line \`encryptionsalt\`${lost}`,
  );
}
