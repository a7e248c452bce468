import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { currentLab } from "../../lab";
import { Failure } from "../../local/errors";
import { dataHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { quiet } from "./progress/quiet";
import { commandIn, type Surroundings } from "./surroundings";
import type { FoundSettings } from "./told-settings";

/** Options that apply the policy pack to a Pulumi operation. */
export const policyFlags = ["--policy-pack", "policy"];

/** Variables for the pack, which Pulumi does not set itself (policy/environment.ts). */
export const policyEnvironment = (stack: string): NodeJS.ProcessEnv => ({ PULUMI_STACK: stack });

const recordOf = (stack: string): string => join(dataHome(), "judged", `${stack}.txt`);

/** A hash of everything that the policies' verdict depends on: settings, the program with its policies, and the lab. */
function fingerprint(
  { file, configFlags }: Judged,
  { toolchain, lab = currentLab() }: Pick<Surroundings, "toolchain" | "lab">,
): string {
  const hash = createHash("sha256").update(JSON.stringify([toolchain.version, lab ?? null, configFlags]));
  const ofProgram = ["Pulumi.yaml", "package.json", "package-lock.json", join("dist", ".built.json")];
  // An installed package has no sources, and so no record of its build.
  for (const each of [file, ...ofProgram.map((name) => join(packageRoot, name))])
    hash.update(existsSync(each) ? readFileSync(each) : "none");
  return hash.digest("hex");
}

/** The settings that policies judge (told-settings.ts). */
type Judged = Pick<FoundSettings, "file" | "fileFlags" | "configFlags" | "inFile">;

/** How policies take part in an update. */
interface Verdict {
  /** Whether they have judged just this in an update that ended well, so that it needs no pack. */
  known: boolean;
  /** To be called once the update has succeeded. */
  remember: () => void;
}

/**
 * The part of the output that begins with the policies. The list of planned changes does not matter after a refusal.
 */
const verdictOf = (text: string): string => {
  const start = text.indexOf("\nPolicies:");
  return quiet(start < 0 ? text : text.slice(start)) ?? "";
};

/**
 * Checks the whole stack against the policies in a preview, before anything is done. An update checks each resource
 * just before it is made, and by then others exist already.
 *
 * The preview takes some seconds. It is skipped if nothing has changed that the verdict depends on, which is known only where
 * the stack's file says all settings, and if no policy has corrected anything: that is to be done each time.
 *
 * @throws Failure with the policies' verdict
 */
export async function judgeFirst(
  stack: string,
  judged: Judged,
  surroundings: Surroundings,
  say: (line: string) => void,
): Promise<Verdict> {
  const now = fingerprint(judged, surroundings);
  const record = recordOf(stack);
  if (judged.inFile && existsSync(record) && readFileSync(record, "utf8") === now) {
    say("Policies: nothing that they judge has changed since the last update");
    return { known: true, remember: () => {} };
  }
  say("Checking what the policies say (`pulumi preview`)");
  const flags = [...judged.fileFlags, ...judged.configFlags, ...policyFlags];
  const argv = ["pulumi", "preview", "--non-interactive", "--stack", stack, ...flags];
  const { command, args, env } = commandIn(surroundings, argv, policyEnvironment(stack));
  const { code, stdout, stderr } = await tryRun(command, args, { cwd: packageRoot, env });
  if (code !== 0) {
    say(verdictOf(`${stdout}\n${stderr}`));
    throw new Failure(
      "the preview failed, see above; nothing was changed. docs/policies.md explains each rule",
    );
  }
  const isMended = /\[remediate\]/.test(stdout);
  return {
    known: false,
    remember: () => {
      mkdirSync(dirname(record), { recursive: true });
      // With `--config` the file has changed meanwhile.
      writeFileSync(record, isMended ? "" : fingerprint({ ...judged, configFlags: [] }, surroundings));
    },
  };
}
