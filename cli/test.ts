import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { buildBox, installPackages } from "../lab";
import { buildImage } from "../lab/image/build";
import { packageRoot } from "../system/root";
import { run } from "../system/run";
import { ensureToolchain } from "../toolchain";
import { onPath } from "../toolchain/path";
import { colors } from "./colors";
import { Failure, shownError } from "./errors";
import { stream } from "./foreground";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What a layer cannot start without. */
type Need = "shellcheck" | "spin" | "keepalived" | "toolchain" | "lab";

interface Layer {
  name: string;
  needs: Need[];
  /** Files one after the other: each uses the whole machine. */
  alone?: boolean;
  /** Run only if it is named, and said so otherwise. */
  onRequest?: boolean;
}

/** In this order; `lint` is the formatter and linter, the others are the folders below test/. */
const layers: readonly Layer[] = [
  { name: "lint", needs: [] },
  { name: "unit", needs: [] },
  { name: "program", needs: [] },
  { name: "guard", needs: ["shellcheck"] },
  // The protocol of the guard, searched through by spin.
  { name: "model", needs: ["spin"], alone: true },
  // The real keepalived in network namespaces: times count, so one file at a time.
  { name: "keepalived", needs: ["keepalived"], alone: true },
  { name: "engine", needs: ["toolchain"], alone: true },
  { name: "image", needs: ["lab"], alone: true },
  { name: "lab", needs: ["toolchain", "lab"], alone: true },
  // A quarter of an hour more of real machines.
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

/** Starts all that the layers need, side by side. A failure is kept until a layer asks for it. */
function prepare(needs: Set<Need>): Record<Need, Promise<void>> {
  const start = (need: Need, action: (say: (line: string) => void) => Promise<void>): Promise<void> => {
    if (!needs.has(need)) return Promise.resolve();
    const ready = action((line) => say(colors.dim(`[${need}] ${line}`)));
    ready.catch(() => {}); // Nobody may be waiting yet.
    return ready;
  };
  // All of them use apt, which is one at a time.
  const shellcheck = start("shellcheck", (tell) =>
    installPrograms(tell, "the tests of shell scripts", { shellcheck: "shellcheck" }),
  );
  const spin = start("spin", async (tell) => {
    await shellcheck.catch(() => {});
    await installPrograms(tell, "the tests of the model", { spin: "spin", gcc: "gcc libc6-dev" });
  });
  const keepalived = start("keepalived", async (tell) => {
    await Promise.all([shellcheck, spin]).catch(() => {});
    await installPrograms(tell, "the tests of the floating IP", {
      keepalived: "keepalived",
      nft: "nftables",
    });
  });
  return {
    shellcheck,
    spin,
    keepalived,
    toolchain: start("toolchain", async (tell) => void (await ensureToolchain(tell))),
    lab: start("lab", async (tell) => {
      await keepalived.catch(() => {});
      await installPackages(tell);
      await Promise.all([buildBox(tell), buildImage(tell)]);
    }),
  };
}

/** Installs Debian packages whose programs are missing. */
async function installPrograms(
  tell: (line: string) => void,
  what: string,
  packageOf: Record<string, string>,
): Promise<void> {
  const missing = Object.entries(packageOf).filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  const packages = missing.flatMap(([, names]) => names.split(" "));
  tell(`installing ${packages.join(" and ")}`);
  const apt = (...args: string[]) =>
    run("apt-get", ["-q", "-y", "-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      timeout: 600_000,
    });
  try {
    await apt("update");
    await apt("install", "--no-install-recommends", ...packages);
  } catch (error) {
    throw new Failure(
      `${what} need ${packages.join(" and ")}, which cannot be installed (${shownError(error)}): install them`,
    );
  }
}

/** The program that runs a layer. */
function commandOf(layer: Layer): string[] | undefined {
  if (layer.name === "lint")
    return [join(packageRoot, "node_modules", "@biomejs", "biome", "bin", "biome"), "check"];
  const files = filesOf(layer);
  // By itself the runner leaves one processor unused, which is half of a small machine.
  const together = layer.alone ? 1 : availableParallelism();
  return files && ["--test", "--test-reporter=spec", `--test-concurrency=${together}`, ...files];
}

interface Outcome {
  name: string;
  result: "passed" | "FAILED" | "interrupted";
  seconds: number;
}

async function runLayer(layer: Layer, ready: Record<Need, Promise<void>>): Promise<Outcome | undefined> {
  const start = performance.now();
  const outcome = (result: Outcome["result"]): Outcome => ({
    name: layer.name,
    result,
    seconds: (performance.now() - start) / 1000,
  });
  try {
    const args = commandOf(layer);
    if (!args) return undefined;
    say(`\n${colors.bold(`=== ${layer.name}`)}`);
    await Promise.all(layer.needs.map((need) => ready[need]));
    // Set where this runs below a test: then a test runner would do nothing.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const ended = await stream({ command: process.execPath, args, env }, { cwd: packageRoot });
    if (ended.interrupted) return outcome("interrupted");
    return outcome(ended.code === 0 ? "passed" : "FAILED");
  } catch (error) {
    say(colors.red(`${layer.name}: ${shownError(error)}`));
    return outcome("FAILED");
  }
}

function chosenLayers(names: string[]): Layer[] {
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
  if (names.length === 0)
    for (const { name } of layers.filter(({ onRequest }) => onRequest))
      say(colors.yellow(`The layer ${name} is not run; \`npm test -- ${name}\` runs it`));
  const there = chosen.filter((layer) => layer.name === "lint" || existsSync(testFolder(layer)));
  if (there.length === 0) throw new Failure(`there are no tests of ${names.join(", ")}`);
  return [...there];
}

/**
 * Runs the layers' tests one after the other, all of them even if one fails. What later layers need is prepared
 * while the first ones run.
 *
 * @param names layers; none: all
 * @returns 0 if all passed, 1 if not, 130 after Ctrl-C
 */
export async function test(names: string[]): Promise<number> {
  const chosen = chosenLayers(names);
  const ready = prepare(new Set(chosen.flatMap(({ needs }) => needs)));
  const outcomes: Outcome[] = [];
  for (const layer of chosen) {
    const outcome = await runLayer(layer, ready);
    if (outcome) outcomes.push(outcome);
    if (outcome?.result === "interrupted") break;
  }
  say(`\n${colors.bold("=== summary")}`);
  for (const { name, result, seconds } of outcomes) {
    const paint = result === "passed" ? colors.green : colors.red;
    say(`${name.padEnd(10)}${paint(result.padEnd(12))}${seconds.toFixed(1).padStart(7)} s`);
  }
  if (outcomes.some(({ result }) => result === "interrupted")) return 130;
  return outcomes.every(({ result }) => result === "passed") ? 0 : 1;
}
