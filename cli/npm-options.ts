import type { Command } from "commander";
import { Failure } from "../local/errors";

/** Our options that npm has, too: npm may have set their variables for its own use. */
const alsoNpms = new Set(["json", "yes"]);

/** The variable in which npm passes an option on: `--purge-data` becomes `npm_config_purge_data`. */
const variableOf = (name: string): string => `npm_config_${name.replaceAll("-", "_")}`;

/**
 * The option as the user must write it, with the values that npm took. Of `--stack test` npm takes only the flag, with
 * the value "true", and passes on the other word. Values of a repeated option have a blank line between them.
 */
const shown = (name: string, values: string): string[] =>
  values
    .split("\n\n")
    .map((value) => (value === "true" || value === "" ? `--${name}` : `--${name}=${value}`));

/**
 * Refuses a call if npm took some of its options. npm keeps options that have no ` -- ` before them:
 * `npm run down --stack=test` would remove the stack `dev`.
 *
 * @param argv the words that npm passed on
 * @throws Failure with exit code 2 and the correct call
 */
export function refuseTakenOptions(
  program: Command,
  argv: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): void {
  const command = program.commands.find((each) => each.name() === argv[0]);
  if (!command || environment.npm_lifecycle_event !== command.name()) return;
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
