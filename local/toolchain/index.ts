import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomically } from "../files";
import { withLock } from "../lock";
import { toolchainHome } from "../paths";
import { buildToolchain, recipe } from "./build";
import { downloadToolchain } from "./download";
import { findToolchain, pulumiOnPath } from "./installed";
import { identity, onPath } from "./path";
import type { Toolchain } from "./toolchain";

export type { Toolchain } from "./toolchain";

/** A toolchain that was found or made, with all that must still be the same for it to be good. */
interface Answer {
  toolchain: Toolchain;
  pulumi: string;
  onPath: string;
  go: string;
  recipe: string;
}

const answerFile = (): string => join(toolchainHome(), "answer.json");

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** What the choice of a toolchain depends on, read without starting a program. */
function circumstances(): Pick<Answer, "onPath" | "go" | "recipe"> {
  return {
    onPath: identity(pulumiOnPath()),
    go: identity(onPath("go")),
    recipe: createHash("sha256").update(recipe()).digest("hex"),
  };
}

async function recall(now: Pick<Answer, "onPath" | "go" | "recipe">): Promise<Toolchain | undefined> {
  let answer: Answer;
  try {
    answer = JSON.parse(await readFile(answerFile(), "utf8")) as Answer;
  } catch {
    return undefined; // Nothing remembered, or not readable: find out anew.
  }
  const { toolchain } = answer;
  const same =
    answer.onPath === now.onPath &&
    answer.pulumi === identity(join(toolchain.bin, "pulumi")) &&
    (toolchain.origin === "path" || answer.recipe === now.recipe) &&
    // Built with another Go than the one that is there now; a Go that is gone is no reason to give up the result.
    (toolchain.origin !== "build" || now.go === "" || answer.go === now.go);
  return same && answer.pulumi !== "" ? toolchain : undefined;
}

async function remember(toolchain: Toolchain, now: Pick<Answer, "onPath" | "go" | "recipe">): Promise<void> {
  const answer: Answer = { toolchain, pulumi: identity(join(toolchain.bin, "pulumi")), ...now };
  await writeAtomically(answerFile(), `${JSON.stringify(answer, undefined, 2)}\n`);
}

/** The toolchain that {@link ensureToolchain} would give without doing anything; undefined if it has work to do. */
export const rememberedToolchain = (): Promise<Toolchain | undefined> => recall(circumstances());

/**
 * The Pulumi toolchain of this machine: the one on PATH if it is new enough and complete, else the official
 * download, else one built from Go modules. What was found is remembered, so that a second call starts no program.
 *
 * @param say gets lines of progress: what is done, and how long it took; none if there is nothing to do
 * @throws Error that names what is missing and the way out
 */
export async function ensureToolchain(say: (line: string) => void): Promise<Toolchain> {
  const now = circumstances();
  const remembered = await recall(now);
  if (remembered) return remembered;
  await mkdir(toolchainHome(), { recursive: true });
  return await withLock(
    toolchainHome(),
    "toolchain",
    async () => {
      const made = await recall(now); // By whoever had the lock before.
      if (made) return made;
      const start = Date.now();
      const toolchain =
        (await findToolchain(say)) ?? (await downloadToolchain(say)) ?? (await buildToolchain(say));
      await remember(toolchain, now);
      say(`Pulumi ${toolchain.version} is ready (${toolchain.origin}, ${seconds(start)})`);
      return toolchain;
    },
    () => say("waiting: another process is preparing the Pulumi toolchain"),
  );
}
