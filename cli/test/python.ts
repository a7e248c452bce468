import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../../local/lock";
import { cacheHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { run, tryRun } from "../../local/run";
import type { Job } from "./job";

const requirements = join(packageRoot, "test", "agent", "requirements.txt");

/** The folder of the Python environment with the tools; other versions of them have another one. */
const environment = (): string =>
  join(
    cacheHome(),
    "python",
    createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 16),
  );

/** A program of the environment; {@link makePython} installs it. */
const program = (name: string): string => join(environment(), "bin", name);

/**
 * Makes the environment with the tools that check the agent, unless it exists.
 *
 * @throws RunError if there is no Python with `venv`, or the tools cannot be fetched
 */
export async function makePython(tell: (line: string) => void): Promise<void> {
  const folder = environment();
  const done = join(folder, "complete");
  if (existsSync(done)) return;
  await withLock(join(cacheHome(), "python"), "python", async () => {
    if (existsSync(done)) return;
    tell("fetching pytest, mypy, ruff and vermin");
    // An interrupted attempt may have left it.
    rmSync(folder, { recursive: true, force: true });
    await run("python3", ["-m", "venv", folder], { timeout: 300_000 });
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    // Where packages come from may be said by variables of pip's.
    await run(program("python"), install, { env: process.env, timeout: 600_000 });
    writeFileSync(done, "");
  });
}

/** Whether this machine's Python can make environments; on Debian that is a separate package. */
export const canMakePython = async (): Promise<boolean> => {
  try {
    return (await tryRun("python3", ["-c", "import ensurepip, venv"])).code === 0;
  } catch {
    return false;
  }
};

/** The agent, the drill's recorder, the helpers for exports and on the NFS server, their simulation and their tests. */
const checked = ["node/agent", "node/drill", "node/export", "node/storage", "proof/simulation", "test/agent"];

const configuration = join("test", "agent", "pyproject.toml");

/** The jobs of the layer `agent`: form, types, the oldest supported Python, and the tests. */
export function pythonJobs(): Job[] {
  const job = (name: string, tool: string, ...args: string[]): Job => ({
    name: `agent/${name}`,
    command: program(tool),
    args,
    counts: false,
  });
  const pytest = ["-c", configuration, "-q", "-p", "no:cacheprovider"];
  const folder = join("test", "agent");
  const scenarios = readdirSync(join(packageRoot, folder))
    .filter((name) => /^loop_.*_test\.py$/.test(name))
    .map((name) => join(folder, name));
  return [
    // Tests of whole agents depend on real time, and miss it when they run in parallel.
    job("scenarios", "pytest", ...pytest, ...scenarios),
    // The others mostly wait.
    job("pytest", "pytest", ...pytest, "-n", "3", folder, ...scenarios.map((file) => `--ignore=${file}`)),
    job(
      "mypy",
      "mypy",
      "--config-file",
      configuration,
      ...["agent", "export", "fencer", "recorder", "proof.simulation"].flatMap((name) => ["-p", name]),
    ),
    job(
      "mypy of the tests",
      "mypy",
      "--config-file",
      configuration,
      "--explicit-package-bases",
      "test/agent",
    ),
    job("ruff", "ruff", "check", "--config", configuration, "--output-format", "concise", ...checked),
    job("ruff format", "ruff", "format", "--check", "--config", configuration, ...checked),
    // Only the agent and the simulation: pytest itself needs a newer Python.
    job(
      "vermin",
      "vermin",
      "-q",
      "-t=3.9-",
      "--no-tips",
      "node/agent",
      "node/drill/recorder",
      "node/export",
      "node/storage/fencer",
      "proof/simulation",
    ),
  ];
}
