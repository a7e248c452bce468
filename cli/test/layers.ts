import { existsSync } from "node:fs";
import { join } from "node:path";
import { didYouMean } from "../../domain/closest";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";
import type { Need } from "./needs";

export interface Layer {
  name: string;
  needs: Need[];
  /**
   * Seconds for one file, or one program of `lint`: several times the longest time on a busy machine. A file that takes
   * longer hangs.
   */
  limit: number;
  /** Runs its files one after the other: each uses the whole machine. */
  alone?: boolean;
  /** Does not run compiled tests: jobs.ts has its programs. */
  special?: boolean;
  /** Runs only if it is named. */
  onRequest?: boolean;
}

const minutes = (count: number): number => count * 60;

/**
 * The layers in their order. `lint` runs programs that check the source; the others have their tests in folders below
 * test/.
 */
export const layers: readonly Layer[] = [
  { name: "lint", needs: [], limit: minutes(5), special: true },
  { name: "unit", needs: [], limit: minutes(5) },
  { name: "program", needs: [], limit: minutes(5) },
  // A telling part of both, with Node 22 and 24; the other layer runs all of both with each.
  { name: "newer-node", needs: ["newer-node"], limit: minutes(5), special: true },
  { name: "newer-node-all", needs: ["newer-node"], limit: minutes(5), special: true, onRequest: true },
  // The scripts of node/, with the real agent where it runs in a test.
  { name: "node", needs: ["shellcheck"], limit: minutes(5) },
  // The agent in Python, its simulation, and the checks of their source.
  { name: "agent", needs: ["python", "promtool"], limit: minutes(15), special: true },
  // The model of the agents' protocol, checked by spin.
  { name: "model", needs: ["spin"], alone: true, limit: minutes(20) },
  // The real keepalived in network namespaces: it mostly waits.
  { name: "keepalived", needs: ["keepalived"], limit: minutes(20) },
  { name: "engine", needs: ["toolchain"], limit: minutes(20) },
  // The component in Python, Go and YAML; the templates.
  { name: "languages", needs: ["toolchain", "languages"], limit: minutes(20) },
  { name: "image", needs: ["lab"], alone: true, limit: minutes(20) },
  { name: "lab", needs: ["toolchain", "lab"], alone: true, limit: minutes(90) },
  // The page of `watch` in a real browser, which is a large package.
  { name: "page", needs: ["browser", "keepalived"], alone: true, onRequest: true, limit: minutes(20) },
  // Tests on real machines that take hours.
  { name: "lab-long", needs: ["toolchain", "lab"], alone: true, onRequest: true, limit: minutes(12 * 60) },
];

/** Where the compiled tests of a layer are. */
export const testFolder = (layer: Pick<Layer, "name">): string =>
  join(packageRoot, "dist", "test", layer.name);

/**
 * The named layers; without names, all except those that run only on request.
 *
 * @throws Failure if there is no such layer
 */
export function chosenLayers(names: string[]): Layer[] {
  const known = layers.map((layer) => layer.name);
  for (const name of names) {
    if (!known.includes(name)) {
      throw new Failure(
        `\`${name}\` is not a layer; the layers are ${known.join(", ")}${didYouMean(name, known)}`,
        2,
      );
    }
  }
  const chosen = layers.filter(({ name, onRequest }) =>
    names.length > 0 ? names.includes(name) : !onRequest,
  );
  const there = chosen.filter((layer) => layer.special || existsSync(testFolder(layer)));
  if (there.length === 0) throw new Failure(`there are no tests of ${names.join(", ")}`);
  return [...there];
}
