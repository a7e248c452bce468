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

/** A toolchain that was found or made, with the conditions under which it is still valid. */
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
    return undefined; // Nothing is remembered, or it is not readable: search again.
  }
  const { toolchain } = answer;
  const same =
    answer.onPath === now.onPath &&
    answer.pulumi === identity(join(toolchain.bin, "pulumi")) &&
    (toolchain.origin === "path" || answer.recipe === now.recipe) &&
    // A toolchain built with another Go is built again; one whose Go is gone stays valid.
    (toolchain.origin !== "build" || now.go === "" || answer.go === now.go);
  return same && answer.pulumi !== "" ? toolchain : undefined;
}

async function remember(toolchain: Toolchain, now: Pick<Answer, "onPath" | "go" | "recipe">): Promise<void> {
  const answer: Answer = { toolchain, pulumi: identity(join(toolchain.bin, "pulumi")), ...now };
  await writeAtomically(answerFile(), `${JSON.stringify(answer, undefined, 2)}\n`);
}

/** The toolchain that {@link ensureToolchain} would return at once; undefined if it would have to work. */
export const rememberedToolchain = (): Promise<Toolchain | undefined> => recall(circumstances());

/**
 * Provides this machine's Pulumi toolchain: the one on PATH if it is new enough and complete, else the official
 * download, else one built from Go modules. The result is remembered, so that a second call starts no program.
 *
 * @param say gets lines of progress, each with its duration; none if there is nothing to do
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
      const made = await recall(now); // The process that had the lock before may have made it.
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
