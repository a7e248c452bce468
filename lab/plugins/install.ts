import { chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
}

/** Milliseconds for a download. The larger plugin has some 40 MB. */
const downloadTimeout = 20_000;

/** Milliseconds for which a failed download is not tried again. */
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

const isThere = ({ folder }: Wanted): boolean => isPluginThere(folder);

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
    await run(options.pulumi, ["plugin", "install", "resource", name, version, ...check], {
      env: options.env,
      timeout: downloadTimeout,
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

async function installOne(options: InstallOptions, wanted: Wanted, failures: Failures): Promise<void> {
  const { name, version, sum } = wanted;
  const title = `Pulumi's ${name} plugin ${version}`;
  const key = `${name}@${version}`;
  const remembered = failures[key];
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
  await installStandIn(wanted);
  options.say(`${title}: the offline stand-in is used, since it cannot be downloaded (${reason})`);
}

/**
 * Makes sure that PULUMI_HOME has the plugins of the packages that the program uses: the official ones if they can be
 * downloaded, else the stand-ins of this folder. If all are there, this only looks at two folders.
 */
export async function installPlugins(options: InstallOptions): Promise<void> {
  const wanted = wantedPlugins(options.env);
  if (wanted.every(isThere)) return;
  await withLock(cacheHome(), "plugins", async () => {
    const failures = await rememberedFailures();
    await Promise.all(
      wanted.filter((plugin) => !isThere(plugin)).map((plugin) => installOne(options, plugin, failures)),
    );
    await writeFile(failuresFile(), JSON.stringify(failures));
  });
}
