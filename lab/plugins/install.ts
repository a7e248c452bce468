import { readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../../local/errors";
import { withLock } from "../../local/lock";
import { cacheHome } from "../../local/paths";
import { isPluginThere, partialMark, pluginFolder } from "../../local/pulumi/plugins";
import { packageRoot } from "../../local/root";
import { RunError, run } from "../../local/run";
import { pluginArchive, sumOf } from "../../local/toolchain/sums";

export interface InstallOptions {
  /** Path of the Pulumi CLI. */
  pulumi: string;
  /** The environment that Pulumi will run in; its PULUMI_HOME gets the plugins. */
  env: NodeJS.ProcessEnv;
  /** Gets a line for each plugin that is installed, with the reason; not called if all are there already. */
  say: (line: string) => void;
  /**
   * Whether stand-ins take the place of what cannot be downloaded: in the lab, for which they are made and tested, and where
   * somebody asked for them. Else that is an error, and a stand-in that is there already is no plugin.
   */
  standIns: boolean;
}

/** The variable with which stand-ins are used outside of the lab, too, if it is 1. */
const standInsVariable = "HA_RANCHER_STAND_INS";

/** Whether stand-ins may be used. */
export const mayStandIn = (inLab: boolean): boolean => inLab || process.env[standInsVariable] === "1";

/** Milliseconds for a download, of which the larger has some 40 MB: where there are stand-ins, and where it must succeed. */
const downloadTimeouts = { standIns: 20_000, must: 900_000 };

/** Milliseconds for which a failed download is not tried again, where there are stand-ins. */
const failureHolds = 24 * 60 * 60 * 1000;

/** A plugin that the program needs. */
export interface Wanted {
  name: "command" | "docker";
  /** The version that the installed SDK asks for. */
  version: string;
  /** The folder in which the CLI looks for it. */
  folder: string;
  /** The SHA-256 that its archive for this machine must have; undefined: none is known. */
  sum: string | undefined;
}

/** The plugins of the packages that the program uses, for an environment's PULUMI_HOME. */
export function wantedPlugins(env: NodeJS.ProcessEnv): Wanted[] {
  return (["command", "docker"] as const).map((name) => {
    const { version } = require(`@pulumi/${name}/package.json`) as { version: string };
    const sum = sumOf(pluginArchive(name, version));
    return { name, version, folder: pluginFolder(env, name, version), sum };
  });
}

/** Whether a plugin is a stand-in, by the package.json in its folder. */
export const isStandIn = (packageJson: string | undefined): boolean => /stand-in/.test(packageJson ?? "");

function isOfficial({ folder }: Wanted): boolean {
  try {
    return !isStandIn(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return true; // The official ones have no such file.
  }
}

const isThere = (wanted: Wanted, { standIns }: InstallOptions): boolean =>
  isPluginThere(wanted.folder) && (standIns || isOfficial(wanted));

type Failures = Partial<Record<string, { at: number; reason: string }>>;

/** The record of failed downloads. It is outside of PULUMI_HOME: with another PULUMI_HOME they fail as well. */
const failuresFile = (): string => join(cacheHome(), "plugin-downloads.json");

async function rememberedFailures(): Promise<Failures> {
  try {
    const failures = JSON.parse(await readFile(failuresFile(), "utf8")) as Failures;
    return Object.fromEntries(
      Object.entries(failures).filter(([, failure]) => failure && Date.now() - failure.at < failureHolds),
    );
  } catch {
    return {};
  }
}

/** The CLI's reason of a failed download, in one line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof RunError)) return String(error);
  const { stderr, stdout } = error.result;
  const said = `${stdout}\n${stderr}`
    .split("\n")
    .find((line) => /error|cannot|could not|no such/i.test(line));
  return (said ?? error.message.split("\n")[0] ?? "").replace(/^(error|warning):\s*/i, "").trim();
}

/** Downloads a plugin, which the CLI checks where its sum is known; returns the reason if that fails. */
async function download(
  options: InstallOptions,
  { name, version, sum }: Wanted,
): Promise<string | undefined> {
  const giveUp = new AbortController();
  const check = sum === undefined ? [] : ["--checksum", sum];
  try {
    // What is there may be a stand-in.
    const again = options.standIns ? [] : ["--reinstall"];
    await run(options.pulumi, ["plugin", "install", "resource", name, version, ...again, ...check], {
      env: options.env,
      timeout: options.standIns ? downloadTimeouts.standIns : downloadTimeouts.must,
      signal: giveUp.signal,
      onLine: (line) => {
        // The CLI tries five times, with growing pauses; without a name server this is in vain.
        if (/no such host|network is unreachable|server misbehaving/i.test(line)) giveUp.abort();
      },
    });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/**
 * Installs the launcher like `pulumi plugin install --file`: a folder, and no record elsewhere. The folder gets its
 * name when it is complete.
 */
export async function installStandIn({ name, version, folder }: Wanted): Promise<void> {
  const plugins = join(folder, "..");
  await mkdir(plugins, { recursive: true, mode: 0o700 });
  const made = await mkdtemp(join(plugins, ".stand-in-"));
  const launcher = join(made, `pulumi-resource-${name}`);
  await copyFile(join(packageRoot, "lab", "plugins", "launcher.cjs"), launcher);
  await chmod(launcher, 0o755);
  // Without it, Node would read the type of module from a package.json in a folder above.
  const about = { description: `Offline stand-in for Pulumi's ${name} plugin`, version, type: "commonjs" };
  await writeFile(join(made, "package.json"), `${JSON.stringify(about, undefined, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rm(partialMark(folder), { force: true });
  await rename(made, folder);
}

const missing = (title: string, { name, version, folder }: Wanted, reason: string | undefined): Failure =>
  new Failure(
    `${title} cannot be downloaded (${reason}), and outside of the lab nothing takes its place. Let this machine reach the download (\`HTTPS_PROXY\` names a proxy), or install it from a file: \`PULUMI_HOME=${join(folder, "..", "..")} pulumi plugin install resource ${name} ${version} --reinstall --file ARCHIVE\`. With ${standInsVariable}=1 the lab's stand-ins are used, which are tested in the lab alone`,
  );

async function installOne(options: InstallOptions, wanted: Wanted, failures: Failures): Promise<void> {
  const { name, version, sum } = wanted;
  const title = `Pulumi's ${name} plugin ${version}`;
  const key = `${name}@${version}`;
  const remembered = options.standIns ? failures[key] : undefined;
  let reason = remembered?.reason;
  if (!remembered) {
    options.say(`${title}: downloading`);
    reason = await download(options, wanted);
    if (reason === undefined) {
      options.say(`${title}: downloaded${sum === undefined ? ", unchecked: no sum of it is known" : ""}`);
      return;
    }
    failures[key] = { at: Date.now(), reason };
  }
  if (!options.standIns) throw missing(title, wanted, reason);
  await installStandIn(wanted);
  options.say(`${title}: the offline stand-in is used, since it cannot be downloaded (${reason})`);
}

/**
 * Makes sure that PULUMI_HOME has the plugins of the packages that the program uses: the official ones if they can be
 * downloaded, else the stand-ins of this folder where they may be used. If all are there, this only looks at two folders.
 *
 * @throws Failure if a plugin is missing and no stand-in may be used
 */
export async function installPlugins(options: InstallOptions): Promise<void> {
  const wanted = wantedPlugins(options.env);
  const missingOnes = (): Wanted[] => wanted.filter((plugin) => !isThere(plugin, options));
  if (missingOnes().length === 0) return;
  await withLock(cacheHome(), "plugins", async () => {
    const failures = await rememberedFailures();
    const ended = await Promise.allSettled(
      missingOnes().map((plugin) => installOne(options, plugin, failures)),
    );
    await writeFile(failuresFile(), JSON.stringify(failures));
    for (const each of ended) if (each.status === "rejected") throw each.reason;
  });
}
