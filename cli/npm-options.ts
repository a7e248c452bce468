import type { Command } from "commander";
import { Failure } from "../local/errors";

/** Options of ours that npm has, too, so that they may be set in its environment for its own use. */
const alsoNpms = new Set(["json", "yes"]);

/** What npm calls an option in its environment: `--purge-data` is `npm_config_purge_data`. */
const variableOf = (name: string): string => `npm_config_${name.replaceAll("-", "_")}`;

/**
 * An option as it must be given, with the values that npm took of it. Of `--stack test` npm takes a flag alone, whose
 * value is "true", and leaves the other word to us; repeated ones have a blank line between them.
 */
const shown = (name: string, values: string): string[] =>
  values
    .split("\n\n")
    .map((value) => (value === "true" || value === "" ? `--${name}` : `--${name}=${value}`));

/**
 * Refuses a call of which npm took a part: without ` -- ` before them npm keeps options for itself, and
 * `npm run down --stack=test` would remove the stack `dev`.
 *
 * @param argv the words that came through
 * @throws Failure with exit code 2 and the right form
 */
export function refuseTakenOptions(
  program: Command,
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): void {
  const command = program.commands.find((each) => each.name() === argv[0]);
  if (!command || environment.npm_lifecycle_event === undefined) return;
  const taken = command.options.flatMap((option) => {
    const name = option.name();
    const value = environment[variableOf(name)];
    const ours = argv.some((word) => word === option.long || word.startsWith(`${option.long}=`));
    if (value === undefined || (alsoNpms.has(name) && (ours || value !== "true"))) return [];
    return shown(name, value);
  });
  if (taken.length === 0) return;
  const right = ["npm run", command.name(), "--", ...taken, ...argv.slice(1)].join(" ");
  throw new Failure(
    `npm took ${taken.map((each) => `\`${each}\``).join(" and ")} for itself, so nothing was done. ` +
      `What comes after \` -- \` is for this command: \`${right}\``,
    2,
  );
}
