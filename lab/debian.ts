import { readFileSync } from "node:fs";
import { run } from "../local/run";

/** Parses os-release: lines `KEY=value`, with or without quotes. */
export function parseOsRelease(text: string): Record<string, string> {
  const entries = text
    .split("\n")
    .map((line) => /^([A-Z_]+)=(["']?)(.*)\2$/.exec(line.trim()))
    .filter((match) => match !== null)
    .map((match): [string, string] => [match[1] ?? "", (match[3] ?? "").replace(/\\(.)/g, "$1")]);
  return Object.fromEntries(entries);
}

/**
 * The Debian release of this machine: `bookworm`, `12`.
 *
 * @throws on other systems
 */
export function debianRelease(file = "/etc/os-release"): { suite: string; version: string } {
  let text = "";
  try {
    text = readFileSync(file, "utf8");
  } catch {
    // The system has no os-release.
  }
  const { ID, VERSION_CODENAME, VERSION_ID, PRETTY_NAME } = parseOsRelease(text);
  if (ID !== "debian" || !VERSION_CODENAME || !/^\d+$/.test(VERSION_ID ?? "")) {
    throw new Error(
      `the embedded lab needs a release of Debian (12 is the one it is tested on), and this is ${PRETTY_NAME ?? `${process.platform} without /etc/os-release`}: use a hypervisor that Vagrant can use here, or existing hosts`,
    );
  }
  return { suite: VERSION_CODENAME, version: VERSION_ID ?? "" };
}

const field = "\t";
const targetFormat = ["$(REPO_URI)", "$(RELEASE)", "$(COMPONENT)", "$(ORIGIN)"].join(field);

/** Debian's own sources for a release, from the output of `apt-get indextargets`: lines of a sources.list. */
export function selectSources(targets: string, suite: string): string[] {
  const suites = new Set([suite, `${suite}-updates`, `${suite}-security`]);
  const lines = targets
    .split("\n")
    .map((line) => line.split(field))
    .filter(([, release, , origin]) => origin === "Debian" && suites.has((release ?? "").split("/")[0] ?? ""))
    .map(([uri, release, component]) => `deb ${uri} ${release} ${component}`);
  return [...new Set(lines)];
}

/** This machine's sources of Debian's packages, as a sources.list; its other sources are left out. */
export async function debianSources(suite: string): Promise<string> {
  const ask = async (): Promise<string[]> => {
    const targets = await run("apt-get", ["indextargets", "--format", targetFormat, "Created-By: Packages"]);
    return selectSources(targets.stdout, suite);
  };
  let found = await ask();
  if (found.length === 0) {
    // The lists may be missing, as in a new container image.
    await run("apt-get", ["update"], { timeout: 300_000 });
    found = await ask();
  }
  if (!found.some((line) => line.split(" ")[2] === suite)) {
    throw new Error(
      `apt has no source of Debian ${suite}, which the lab's box is made from: add one in /etc/apt/sources.list.d and run \`apt-get update\``,
    );
  }
  return `${found.join("\n")}\n`;
}

/** How this machine's apt reaches its sources (proxies, for example), as a part of an apt.conf. */
export async function aptSettings(): Promise<string> {
  const keys = ["http", "https", "ftp", "Check-Valid-Until", "Check-Date", "Retries"].map(
    (key) => `Acquire::${key}`,
  );
  const dump = await run("apt-config", ["dump", "--no-empty", "--format", '%F "%v";%n', ...keys]);
  return `${dump.stdout}Acquire::Languages "none";\n`;
}
