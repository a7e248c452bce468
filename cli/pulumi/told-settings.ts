import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../../local/errors";
import { inBareProject } from "../../local/pulumi/bare-project";
import { run, tryRun } from "../../local/run";
import { ensureToolchain } from "../../local/toolchain";
import { namespace, type Settings } from "../../settings";
import { checkSettingsText, settingsFileText } from "../../settings/file";
import { importsEnvironments, type Told, toOpen } from "../../settings/told";
import { existingStackFile, stackFile } from "../../stack/stack-file";
import { type Cli, initStack } from "../../stack/state";
import { cliOf } from "./surroundings";

/** What a command is told of where a stack's settings are. */
export interface SettingsOptions {
  /** Another file in place of Pulumi.<stack>.yaml. */
  configFile?: string;
  /** `KEY=VALUE` each: settings that win over the file's, and are written to it by Pulumi. */
  config?: readonly string[];
}

/** A stack's settings, and how Pulumi comes to the same. */
export interface FoundSettings {
  settings: Settings;
  /** The stack's file, which may be missing. */
  file: string;
  /** Options of `pulumi` that name the file. */
  fileFlags: string[];
  /** Options of `pulumi up` and `pulumi preview` that give settings. */
  configFlags: string[];
  /** Whether the file says all of it: then nothing can change unseen. */
  inFile: boolean;
}

/** `--config KEY=VALUE` by name; without a namespace a key is this program's, as for Pulumi. */
function givenSettings(config: readonly string[]): Record<string, string> {
  const entries = config.map((each): [string, string] => {
    const [, space = namespace, name = "", value = ""] = /^(?:([^:=]*):)?([^=]+)=([\s\S]*)$/.exec(each) ?? [];
    if (name === "" || space !== namespace)
      throw new Failure(
        `\`--config\` must be KEY=VALUE of a setting, such as \`vip=192.168.56.10/24\`, not ${JSON.stringify(each.split("=")[0])}`,
        2,
      );
    return [name, value];
  });
  return Object.fromEntries(entries);
}

/** Values of a secret somewhere within come through a pipe, and stay in memory. */
async function opened(told: Told, get: (key: string) => Promise<string>): Promise<Told> {
  const entries = await Promise.all(
    toOpen(told).map(
      async (key) => [key, { value: (await get(key)).replace(/\n$/, ""), secret: true }] as const,
    ),
  );
  return { ...told, ...Object.fromEntries(entries) };
}

/**
 * What Pulumi reads as the settings of a stack.
 *
 * @returns undefined if there is no such stack
 * @throws Failure with Pulumi's words if it cannot read them
 */
async function toldByPulumi(stack: string, fileFlags: string[], cli: Cli): Promise<Told | undefined> {
  return await inBareProject(async (cwd) => {
    const common = ["--stack", stack, "--non-interactive", ...fileFlags];
    // Opened: what an environment gets from elsewhere would else be unknown. Secrets stay hidden.
    const argv = ["config", "--json", "--open", ...common];
    const { code, stdout, stderr } = await tryRun(cli.pulumi, argv, { env: cli.env, cwd });
    if (/no stack named/.test(stderr)) return undefined;
    if (code !== 0)
      throw new Failure(
        `Pulumi cannot read the settings of the stack ${stack}; nothing was changed: ${stderr.trim().replace(/^error: /, "")}`,
      );
    const get = async (key: string): Promise<string> =>
      (await run(cli.pulumi, ["config", "get", key, ...common], { env: cli.env, cwd })).stdout;
    return await opened(JSON.parse(stdout) as Told, get);
  });
}

/** What Pulumi reads; a stack that is not there yet is made for that, and is gone again if its settings are not right. */
async function askPulumi(
  stack: string,
  { file, fileFlags }: Pick<FoundSettings, "file" | "fileFlags">,
  check: (told: Told) => Settings,
): Promise<Settings> {
  const cli = cliOf({ toolchain: await ensureToolchain(() => {}), lab: undefined });
  const known = await toldByPulumi(stack, fileFlags, cli);
  if (known) return check(known);
  // Without a file there is nothing that would make a stack of it.
  if (!existsSync(file)) existingStackFile(stack);
  await initStack(stack, cli);
  try {
    return check((await toldByPulumi(stack, fileFlags, cli)) ?? {});
  } catch (error) {
    const argv = ["stack", "rm", "--yes", "--preserve-config", "--non-interactive", "--stack", stack];
    await inBareProject(async (cwd) => await run(cli.pulumi, argv, { env: cli.env, cwd }));
    throw error;
  }
}

/**
 * Reads and checks a stack's settings from wherever Pulumi takes them. Where its file says all, Pulumi is not asked.
 *
 * @throws SettingsError with every mistake found, or Failure if they cannot be read
 */
export async function foundSettings(
  stack: string,
  { configFile, config = [] }: SettingsOptions,
): Promise<FoundSettings> {
  const file = configFile === undefined ? stackFile(stack) : resolve(configFile);
  const isThere = existsSync(file);
  if (configFile !== undefined && !isThere) throw new Failure(`\`--config-file\`: there is no ${file}`, 2);
  const given = givenSettings(config);
  const text = isThere ? settingsFileText(file) : "config: {}\n";
  const found = {
    file,
    fileFlags: isThere ? ["--config-file", file] : [],
    configFlags: config.flatMap((each) => ["--config", each]),
    inFile: isThere && !importsEnvironments(text),
  };
  const check = (told?: Told): Settings =>
    checkSettingsText(text, file, { stack, given, ...(told && { told }) });
  return { ...found, settings: found.inFile ? check() : await askPulumi(stack, found, check) };
}
