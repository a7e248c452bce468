import { readFileSync } from "node:fs";
import { access, rm } from "node:fs/promises";
import { join } from "node:path";
import { passedOn } from "../local/child-environment";
import { readJson, writeAtomically } from "../local/files";
import { withLock } from "../local/lock";
import { cacheHome } from "../local/paths";
import { packageRoot } from "../local/root";
import { run, tryRun } from "../local/run";
import { debianRelease } from "./debian";
import type { Say } from "./layout";

/** The names in a package list: one per line, `#` starts a comment. */
export const parsePackageList = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter(Boolean);

const wanted = (): string[] =>
  parsePackageList(readFileSync(join(packageRoot, "lab", "packages.txt"), "utf8"));

/** The names of packages that are not installed, from the output of dpkg-query. */
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

/** The Debian packages that the lab needs and that are not installed. */
export async function missingPackages(): Promise<string[]> {
  const names = wanted();
  // Its exit code is 1 if it does not know a name, but it prints the others.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg's own placeholders
  const { stdout } = await tryRun("dpkg-query", ["-W", "-f", "${db:Status-Status} ${Package}\\n", ...names]);
  return notInstalled(names, stdout);
}

/** Packages that apt would newly install (no upgrades), from the output of `apt-get --simulate install`. */
export const newPackages = (simulation: string): string[] =>
  simulation
    .split("\n")
    .map((line) => /^Inst (\S+) \(/.exec(line)?.[1])
    .filter((name) => name !== undefined);

const aptGet = (args: string[], onLine?: (line: string) => void) =>
  run("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], {
    env: { ...passedOn(process.env), DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
    timeout: 1_800_000,
    onLine,
  });

/** The file with work that a killed run may have left: packages whose services must still be disabled. */
const pendingFile = (): string => join(cacheHome(), "packages-pending.json");

/** The files of a package; none if it is not installed. */
async function filesOf(name: string): Promise<string[]> {
  return (await tryRun("dpkg-query", ["-L", name])).stdout.split("\n");
}

/** Disables the services that new packages enabled: only the lab starts these programs. */
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
  // One call per unit: some versions fail at a unit without an [Install] section.
  for (const unit of units)
    await tryRun("systemctl", ["--quiet", ...running, "disable", unit]).catch(() => {});
  for (const script of named(/^\/etc\/init\.d\/([^/]+)$/)) {
    await tryRun("update-rc.d", [script, "disable"]).catch(() => {});
  }
}

/** Milliseconds between two lines about how far the packages are. */
const often = 5_000;

/** Hears the lines of apt, and says now and then how far it is. */
export function countedLines(
  all: number,
  say: Say,
  now: () => number = () => performance.now(),
): (line: string) => void {
  let said = now();
  let unpacked = 0;
  return (line) => {
    if (/^Unpacking /.test(line)) unpacked += 1;
    if (!/^(Unpacking|Setting up) /.test(line) || now() - said < often) return;
    said = now();
    say(line.startsWith("Setting up") ? "setting them up" : `${unpacked} of ${all} are unpacked`);
  };
}

async function install(names: string[], say: Say): Promise<void> {
  const folder = join(packageRoot, "lab");
  // After dpkg was killed, this must come first; otherwise it does nothing.
  await run(join(folder, "without-services.sh"), ["dpkg", "--configure", "-a"], { timeout: 600_000 });
  await aptGet(["update"]);
  const simulation = await aptGet(["--simulate", "--no-install-recommends", "install", ...names]);
  const added = newPackages(simulation.stdout);
  const before = (await readJson<string[]>(pendingFile())) ?? [];
  await writeAtomically(pendingFile(), JSON.stringify([...new Set([...before, ...added])]));
  say(`installing ${added.length} Debian packages`);
  const hear = countedLines(added.length, say);
  await run(
    join(folder, "without-services.sh"),
    ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "--no-install-recommends", "install", ...names],
    {
      env: { ...passedOn(process.env), DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
      timeout: 1_800_000,
      onLine: hear,
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
 * Installs the Debian packages that the lab needs and that are missing. None of their services starts, now or at the
 * next boot. Installed packages are not changed.
 *
 * @param say gets a line for each step; not called if there is nothing to do
 * @throws if that is impossible: not Debian, not root, no apt, no package source
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
  await installMissing(missingPackages, say);
}

/**
 * Installs Debian packages as root. None of their services starts, now or at the next boot. Installed packages are not changed.
 *
 * @param missing names those that are missing
 */
export async function installMissing(missing: () => Promise<string[]>, say: Say): Promise<void> {
  await withLock(
    cacheHome(),
    "packages",
    async () => {
      const names = await missing();
      if (names.length > 0) await install(names, say);
      // This also removes what a killed run left.
      else await run(join(packageRoot, "lab", "without-services.sh"), ["true"]);
      const added = await readJson<string[]>(pendingFile());
      if (added) await disableServices(added);
      await rm(pendingFile(), { force: true });
    },
    () => say("another process installs packages: waiting for it"),
  );
}
