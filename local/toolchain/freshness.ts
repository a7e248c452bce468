import { createRequire } from "node:module";
import { join, relative, sep } from "node:path";
import { callOf } from "../called";
import { packageRoot } from "../root";

/** The rule is in plain JavaScript: it decides whether to compile before anything is compiled. */
interface Rule {
  staleness(root: string): string | undefined;
}

/** The compiled program is older than its sources. */
export class StaleProgram extends Error {
  override name = "StaleProgram";
}

/**
 * Refuses to run a compiled program that is older than its sources: stale code never touches a stack.
 * Costs a few milliseconds, and nothing where there are no sources (an installed package).
 *
 * @throws StaleProgram that names the source and the command to run
 */
export function assertFresh(): void {
  // A program in another folder was compiled by hand on purpose.
  if (relative(packageRoot, __dirname).split(sep)[0] !== "dist") return;
  const { staleness } = createRequire(join(packageRoot, "package.json"))("./local/freshness.cjs") as Rule;
  const why = staleness(packageRoot);
  if (why)
    throw new StaleProgram(`the compiled program is not current (${why}): run \`${callOf("build")}\` first`);
}
