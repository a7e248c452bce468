import { randomBytes } from "node:crypto";
import { existsSync, linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { callOf } from "../../local/called";
import { Failure } from "../../local/errors";
import { writePrivate } from "../../local/files";
import { backendHome, dataHome, nextPassphraseFile, passphraseFile } from "../../local/paths";
import { localStacks, readCheckpoint } from "../../local/pulumi/checkpoint";
import { stacksOf } from "../../local/pulumi/layout";
import { fits, isKnownForm } from "../../local/pulumi/passphrase";
import { secretsIn } from "../../local/pulumi/stack-file";
import { run } from "../../local/run";
import { ensureToolchain } from "../../local/toolchain";
import { type Backend, chooseBackend } from "../../local/toolchain/environment";
import { stackFile } from "../../stack/stack-file";
import { type Cli, describeDeployment } from "../../stack/state";
import { refuseChosen } from "../pulumi/passphrase";
import { cliOf } from "../pulumi/surroundings";
import { type Turn, working } from "../pulumi/turn";

/*
 * The passphrase is one for all stacks of this user, so it changes in steps. The new one is in a file of its own first; then one
 * stack after the other gets it, by Pulumi's own command; then that file takes the place of the former. Between those each stack
 * has one of two passphrases that are both here, and its state tells which (cli/pulumi/passphrase.ts). Whoever is killed is
 * called again, and goes on.
 */

type Say = (line: string) => void;

/** A stack whose secrets are encrypted with the program's own passphrase. */
export interface OwnStack {
  name: string;
  backend: Backend;
  /** Its settings. */
  file: string;
}

const textOf = (file: string): string => readFileSync(file, "utf8");
const wordIn = (file: string): string => textOf(file).trim();

/** Pulumi's salt of a stack's state; undefined: nothing in it is encrypted. */
const saltOf = ({ backend, name }: OwnStack): string | undefined =>
  describeDeployment(readCheckpoint(backend, name)?.latest).salt;

/** Where the settings of a stack are kept while Pulumi writes them anew: with a new salt first, and its secrets later. */
const copyOf = ({ name }: OwnStack): string => join(dataHome(), "rotation", `${name}.yaml`);

const isPlain = (text: string): boolean => {
  const { salt, secure } = secretsIn(text);
  return salt === undefined && secure.length === 0;
};

/** The file of the settings as it was before Pulumi wrote it, where it did not get to the end. */
async function keepFile(one: OwnStack): Promise<void> {
  const copy = copyOf(one);
  if (existsSync(copy) && secretsIn(textOf(copy)).salt !== secretsIn(textOf(one.file)).salt)
    writeFileSync(one.file, textOf(copy));
  else await writePrivate(copy, textOf(one.file));
}

/** Pulumi adds a salt to each file. One that had no secrets stays as it was. */
function giveFileBack(one: OwnStack): void {
  const copy = copyOf(one);
  if (!existsSync(copy)) return;
  if (isPlain(textOf(copy))) writeFileSync(one.file, textOf(copy));
  rmSync(copy);
}

/** Gives a stack the new passphrase, unless it has it. @returns whether it has it now; false: it has one of its own */
async function moveStack(one: OwnStack, { pulumi, env, cwd }: Cli, say: Say): Promise<boolean> {
  const salt = saltOf(one) ?? secretsIn(textOf(one.file)).salt;
  if (salt === undefined) return true;
  if (!isKnownForm(salt))
    throw new Failure(
      `the salt of the stack ${one.name} has a form that is not known here: nothing was changed`,
    );
  const next = wordIn(nextPassphraseFile());
  if (!(await fits(next, salt))) {
    if (!(await fits(wordIn(passphraseFile()), salt))) {
      say(`${one.name} has a passphrase that is not of this program: it is left as it is`);
      return false;
    }
    await keepFile(one);
    say(`${one.name}: encrypting its secrets anew`);
    const words = [
      "stack",
      "change-secrets-provider",
      "passphrase",
      "--stack",
      one.name,
      "--non-interactive",
    ];
    const own = { PULUMI_BACKEND_URL: one.backend.url, PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile() };
    await run(pulumi, words, { cwd, env: { ...env, ...own }, input: `${next}\n` });
    const now = saltOf(one) ?? secretsIn(textOf(one.file)).salt;
    if (now === undefined || !(await fits(next, now)))
      throw new Failure(`Pulumi did not encrypt the secrets of ${one.name} anew: run this again`);
  }
  giveFileBack(one);
  return true;
}

/** The new passphrase takes the former one's place. @returns the file where the former is kept */
function swapFiles(): string {
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  const kept = `${passphraseFile()}.until-${stamp}`;
  linkSync(passphraseFile(), kept);
  renameSync(nextPassphraseFile(), passphraseFile());
  return kept;
}

/**
 * Gives stacks a new passphrase in place of the program's own. Nobody else works on them.
 *
 * @param present all stacks that there are now, asked again at the end
 * @returns the file where the former passphrase is kept
 */
export async function changePassphrase(present: () => OwnStack[], cli: Cli, say: Say): Promise<string> {
  const stacks = present();
  const absent = stacks
    .filter(({ file }) => !existsSync(file))
    .map(({ name, file }) => `${basename(file)} (${name})`);
  if (absent.length > 0)
    throw new Failure(
      `not in this folder, and secrets in them would be lost: ${absent.join(", ")}. Copy them here, and back afterwards; or remove those stacks`,
    );
  if (existsSync(nextPassphraseFile())) say("Going on with the change that was interrupted");
  else await writePrivate(nextPassphraseFile(), `${randomBytes(32).toString("base64url")}\n`);
  for (const one of stacks) await moveStack(one, cli, say);
  const names = stacks.map(({ name }) => name);
  const others = present().filter(({ name }) => !names.includes(name));
  if (others.length > 0) throw new Failure(`the stack ${others[0]?.name} was made meanwhile: run this again`);
  rmSync(join(dataHome(), "rotation"), { recursive: true, force: true });
  return swapFiles();
}

/** This project's stacks in files of this machine. */
function ownStacks(): OwnStack[] {
  const own: Backend = { url: `file://${backendHome()}`, local: true };
  const stacks = [own, chooseBackend(false)].flatMap((backend) =>
    localStacks(backend).map((name) => ({ name, backend, file: stackFile(name) })),
  );
  return [...new Map(stacks.reverse().map((each) => [each.name, each])).values()];
}

/** Stacks of other programs that `npm run shell` was used for: `PROJECT/STACK`. */
function strangers(): string[] {
  const stacks = stacksOf({ url: `file://${backendHome()}`, local: true });
  const [folder, own] = [dirname(stacks), basename(stacks)];
  try {
    return readdirSync(folder)
      .filter((project) => project !== own)
      .flatMap((project) =>
        readdirSync(join(folder, project)).flatMap((name) => {
          const stack = /^(.+)\.json(\.gz)?$/.exec(name)?.[1];
          return stack === undefined ? [] : [`${project}/${stack}`];
        }),
      );
  } catch {
    return []; // The backend has no stacks yet.
  }
}

/** Gives all stacks of this user a new passphrase. @returns 0 */
export async function rotatePassphrase(turn: Turn): Promise<number> {
  const { say } = turn;
  refuseChosen();
  if (!existsSync(passphraseFile()))
    throw new Failure(`there is no passphrase yet: the first \`${callOf("up")}\` makes one`);
  const cli = cliOf({ toolchain: await ensureToolchain(say), lab: undefined });
  const change = async (): Promise<string> => await changePassphrase(ownStacks, cli, say);
  const alone = ownStacks().reduce(
    (inner, { name, backend }) =>
      async () =>
        await working(backend, name, "rotate", turn, inner),
    change,
  );
  const kept = await alone();
  say(`The secrets of all stacks are encrypted with a new passphrase. The former one is kept in ${kept}:`);
  say(
    "  Pulumi's history and copies of earlier states need it, and stacks elsewhere. Delete it when nothing does.",
  );
  if (strangers().length > 0)
    say(
      `  These need it still: ${strangers().join(", ")}. In the folder of each: \`PULUMI_CONFIG_PASSPHRASE_FILE=${kept} pulumi stack change-secrets-provider passphrase --stack STACK <${passphraseFile()}\``,
    );
  return 0;
}
