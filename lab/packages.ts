import { readFileSync } from "node:fs";
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import { readJson, writeAtomically } from "../local/files";
import { withLock } from "../local/lock";
import { cacheHome } from "../local/paths";
import { packageRoot } from "../local/root";
import { run, tryRun } from "../local/run";
import { debianRelease } from "./debian";
import type { Say } from "./layout";

/** Names in a package list: one a line, `#` starts a comment. */
export const parsePackageList = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter(Boolean);

const wanted = (): string[] =>
  parsePackageList(readFileSync(join(packageRoot, "lab", "packages.txt"), "utf8"));

/** Those of the names that are not installed, from what dpkg-query printed for them. */
export function notInstalled(names: string[], printed: string): string[] {
  const installed = new Set(
    printed
      .split("\n")
      .map((line) => line.split(" "))
      .filter(([status]) => status === "installed")
      .map(([, name]) => name),
  );
  return names.filter((name) => !installed.has(name));
}

/** Debian packages that the lab needs and that are not installed. */
export async function missingPackages(): Promise<string[]> {
  const names = wanted();
  // Its code is 1 if it does not know a name; what it knows is printed all the same.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const { stdout } = await tryRun("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Package}\\n", ...names]);
  return notInstalled(names, stdout);
}

/** Packages that apt would newly install (no upgrades), from what `apt-get --simulate install` printed. */
export const newPackages = (simulation: string): string[] =>
  simulation
    .split("\n")
    .map((line) => /^Inst (\S+) \(/.exec(line)?.[1])
    .filter((name) => name !== undefined);

const aptGet = (args: string[], onLine?: (line: string) => void) =>
  run("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
    timeout: 1_800_000,
    onLine,
  });

/** Names what a killed run may have left half done: packages whose services are still to be switched off. */
const pendingFile = (): string => join(cacheHome(), "packages-pending.json");

/** Files that a package brought; none if it is not installed. */
async function filesOf(name: string): Promise<string[]> {
  return (await tryRun("dpkg-query", ["-L", name])).stdout.split("\n");
}

/** Switches off what new packages switched on: the lab starts programs by itself, the machine must not. */
async function disableServices(packages: string[]): Promise<void> {
  const files = (await Promise.all(packages.map(filesOf))).flat();
  const named = (pattern: RegExp): string[] => [
    ...new Set(files.map((file) => pattern.exec(file)?.[1]).filter((name) => name !== undefined)),
  ];
  const units = named(/^(?:\/usr)?\/lib\/systemd\/system\/([^/@]+\.(?:service|socket|target|timer|path))$/);
  const running = await access("/run/systemd/system").then(
    () => ["--now"],
    () => [],
  );
  // Each on its own: a unit without an [Install] section is an error to some versions.
  for (const unit of units)
    await tryRun("systemctl", ["--quiet", ...running, "disable", unit]).catch(() => {});
  for (const script of named(/^\/etc\/init\.d\/([^/]+)$/)) {
    await tryRun("update-rc.d", [script, "disable"]).catch(() => {});
  }
}

async function install(names: string[], say: Say): Promise<void> {
  const folder = join(packageRoot, "lab");
  // dpkg that was killed wants this before anything else; it does nothing otherwise.
  await run(join(folder, "without-services.sh"), ["dpkg", "--configure", "-a"], { timeout: 600_000 });
  await aptGet(["update"]);
  const simulation = await aptGet(["--simulate", "--no-install-recommends", "install", ...names]);
  const added = newPackages(simulation.stdout);
  const before = (await readJson<string[]>(pendingFile())) ?? [];
  await writeAtomically(pendingFile(), JSON.stringify([...new Set([...before, ...added])]));
  say(`installing ${added.length} Debian packages`);
  await run(
    join(folder, "without-services.sh"),
    ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends", "install", ...names],
    {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
      timeout: 1_800_000,
      onLine: (line) => /^(Unpacking|Setting up) /.test(line) && say(line),
    },
  );
}

async function refuseWhereImpossible(): Promise<void> {
  debianRelease();
  for (const program of ["apt-get", "dpkg-query"]) {
    await run(program, ["--version"]).catch(() => {
      throw new Error(
        `the embedded lab needs \`${program}\`, and it is not on PATH: use a hypervisor that Vagrant can use here, or existing hosts`,
      );
    });
  }
}

/**
 * Installs the Debian packages that the lab needs, as far as they are missing. No service of theirs is started, and
 * none will be at the next boot. What is installed already is left as it is.
 *
 * @param say called with what is being done; not called if nothing is to be done
 * @throws where that is impossible: not Debian, not root, no apt, no package source
 */
export async function installPackages(say: Say): Promise<void> {
  const pending = await readJson<string[]>(pendingFile());
  if (!pending) {
    await refuseWhereImpossible();
    if ((await missingPackages()).length === 0) return;
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      `the embedded lab needs Debian packages (${(await missingPackages()).join(", ")}), and only root can install them: run this with \`sudo\``,
    );
  }
  await withLock(
    cacheHome(),
    "packages",
    async () => {
      const names = await missingPackages();
      if (names.length > 0) await install(names, say);
      // Also takes away what a killed run left of its own.
      else await run(join(packageRoot, "lab", "without-services.sh"), ["true"]);
      const added = await readJson<string[]>(pendingFile());
      if (added) await disableServices(added);
      await rm(pendingFile(), { force: true });
    },
    () => say("another process installs packages: waiting for it"),
  );
}
