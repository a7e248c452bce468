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

/** Options that apply the policy pack to a Pulumi operation. */
export const policyFlags = ["--policy-pack", "policy"];

/** Variables for the pack, which Pulumi does not set itself (policy/environment.ts). */
export const policyEnvironment = (stack: string): NodeJS.ProcessEnv => ({ PULUMI_STACK: stack });

const recordOf = (stack: string): string => join(dataHome(), "judged", `${stack}.txt`);

/** A hash of everything that the policies' verdict depends on: settings, the program with its policies, and the lab. */
function fingerprint(stackFile: string, { toolchain, lab = currentLab() }: Surroundings): string {
  const hash = createHash("sha256").update(JSON.stringify([toolchain.version, lab ?? null]));
  const files = [stackFile, "Pulumi.yaml", "package-lock.json", join("dist", ".built.json")];
  // An installed package has no sources, and so no record of its build.
  for (const file of files.map((name) => join(packageRoot, name)))
    hash.update(existsSync(file) ? readFileSync(file) : "none");
  return hash.digest("hex");
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
 * The preview takes some seconds. It is skipped if nothing has changed that the verdict depends on.
 *
 * @param stackFile name of the stack's file in the package
 * @returns a function to call once the update has succeeded
 * @throws Failure with the policies' verdict
 */
export async function judgeFirst(
  stack: string,
  stackFile: string,
  surroundings: Surroundings,
  say: (line: string) => void,
): Promise<() => void> {
  const now = fingerprint(stackFile, surroundings);
  const record = recordOf(stack);
  if (existsSync(record) && readFileSync(record, "utf8") === now) return () => {};
  say("Checking what the policies say (`pulumi preview`)");
  const argv = ["pulumi", "preview", "--non-interactive", "--stack", stack, ...policyFlags];
  const { command, args, env } = commandIn(surroundings, argv, policyEnvironment(stack));
  const { code, stdout, stderr } = await tryRun(command, args, { cwd: packageRoot, env });
  if (code !== 0) {
    say(verdictOf(`${stdout}\n${stderr}`));
    throw new Failure(
      "the preview failed, see above; nothing was changed. docs/policies.md explains each rule",
    );
  }
  return () => {
    mkdirSync(dirname(record), { recursive: true });
    writeFileSync(record, now);
  };
}
