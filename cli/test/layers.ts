import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";
import type { Need } from "./needs";

export interface Layer {
  name: string;
  needs: Need[];
  /** Files one after the other: each uses the whole machine. */
  alone?: boolean;
  /** Run only if it is named. */
  onRequest?: boolean;
}

/** In this order; `lint` is the formatter and linter, the others are the folders below test/. */
export const layers: readonly Layer[] = [
  { name: "lint", needs: [] },
  { name: "unit", needs: [] },
  { name: "program", needs: [] },
  { name: "guard", needs: ["shellcheck"] },
  // The protocol of the guard, searched through by spin.
  { name: "model", needs: ["spin"], alone: true },
  // The real keepalived in network namespaces: it mostly waits.
  { name: "keepalived", needs: ["keepalived"] },
  { name: "engine", needs: ["toolchain"], alone: true },
  { name: "image", needs: ["lab"], alone: true },
  { name: "lab", needs: ["toolchain", "lab"], alone: true },
  // Hours of real machines: what the others have no time for.
  { name: "lab-long", needs: ["toolchain", "lab"], alone: true, onRequest: true },
];

const testFolder = (layer: Layer): string => join(packageRoot, "dist", "test", layer.name);

/** The compiled tests of a layer; undefined if the layer does not exist. */
function filesOf(layer: Layer): string[] | undefined {
  const folder = testFolder(layer);
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.js"));
  if (files.length === 0)
    throw new Failure(`test/${layer.name} has no test in it: a layer that tests nothing`);
  return files.map((name) => join(folder, name));
}

/** The program that runs a layer. */
export function commandOf(layer: Layer): string[] | undefined {
  if (layer.name === "lint")
    return [join(packageRoot, "node_modules", "@biomejs", "biome", "bin", "biome"), "check"];
  const files = filesOf(layer);
  // By itself the runner leaves one processor unused, which is half of a small machine.
  const together = layer.alone ? 1 : availableParallelism();
  return files && ["--test", "--test-reporter=spec", `--test-concurrency=${together}`, ...files];
}

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
  const there = chosen.filter((layer) => layer.name === "lint" || existsSync(testFolder(layer)));
  if (there.length === 0) throw new Failure(`there are no tests of ${names.join(", ")}`);
  return [...there];
}
