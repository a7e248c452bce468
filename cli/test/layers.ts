import { existsSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";
import type { Need } from "./needs";

export interface Layer {
  name: string;
  needs: Need[];
  /**
   * Seconds for one file, or one program of `lint`: several times what the slowest takes on a busy machine. What takes
   * longer hangs.
   */
  limit: number;
  /** Files one after the other: each uses the whole machine. */
  alone?: boolean;
  /** What it runs is no compiled test: said in jobs.ts. */
  special?: boolean;
  /** Run only if it is named. */
  onRequest?: boolean;
}

const minutes = (count: number): number => count * 60;

/** In this order; `lint` is programs that read the source, the others have their tests in the folders below test/. */
export const layers: readonly Layer[] = [
  { name: "lint", needs: [], limit: minutes(5), special: true },
  { name: "unit", needs: [], limit: minutes(5) },
  { name: "program", needs: [], limit: minutes(5) },
  { name: "guard", needs: ["shellcheck"], limit: minutes(15) },
  // The agent in Python, its simulation, and what reads their source.
  { name: "agent", needs: ["python"], limit: minutes(15), special: true },
  // The protocol of the guard, searched through by spin.
  { name: "model", needs: ["spin"], alone: true, limit: minutes(20) },
  // The real keepalived in network namespaces: it mostly waits.
  { name: "keepalived", needs: ["keepalived"], limit: minutes(20) },
  { name: "engine", needs: ["toolchain"], alone: true, limit: minutes(20) },
  { name: "image", needs: ["lab"], alone: true, limit: minutes(20) },
  { name: "lab", needs: ["toolchain", "lab"], alone: true, limit: minutes(90) },
  // Hours of real machines: what the others have no time for.
  { name: "lab-long", needs: ["toolchain", "lab"], alone: true, onRequest: true, limit: minutes(12 * 60) },
];

/** Where the compiled tests of a layer are. */
export const testFolder = (layer: Layer): string => join(packageRoot, "dist", "test", layer.name);

/**
 * The layers that are named; none: all but those that are run on request only.
 *
 * @throws Failure if there is no such layer
 */
export function chosenLayers(names: string[]): Layer[] {
  for (const name of names) {
    if (!layers.some((layer) => layer.name === name)) {
      throw new Failure(
        `\`${name}\` is not a layer; the layers are ${layers.map((each) => each.name).join(", ")}`,
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
