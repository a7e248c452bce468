import { environments } from "../domain/environment";
import { defaultConfig, type Rule } from "./rule";
import { rules } from "./rules";

/*
 * The rules as Markdown: what docs/policies.md shows.
 */

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** All rules with their levels. Each name leads to the rule's own section. */
function overview(): string {
  const heading = ["rule", "severity", ...environments];
  return [
    row(heading),
    `|${"---|".repeat(heading.length)}`,
    ...rules.map(({ name, severity, levels }) =>
      row([`[\`${name}\`](#${name})`, severity, ...environments.map((environment) => levels[environment])]),
    ),
  ].join("\n");
}

/** A value's default, for each environment if they differ. */
function defaultsOf(rule: Rule, name: string): string {
  const values = environments.map((environment) => JSON.stringify(defaultConfig(rule, environment)[name]));
  return new Set(values).size === 1
    ? `\`${values[0]}\``
    : environments.map((environment, i) => `${environment} \`${values[i]}\``).join(", ");
}

function section(rule: Rule): string {
  const { name, reason, remedy, beyond, config = {}, remediate } = rule;
  return [
    `### ${name}`,
    "",
    reason,
    "",
    `- **What to do**: ${remedy}`,
    `- **Beside the settings**: ${beyond}`,
    ...(remediate ? ["- **Correction**: with the level `remediate` the resource gets the right value."] : []),
    ...Object.entries(config).map(
      ([key, { type, description }]) =>
        `- **Configuration** \`${key}\` (${type}, default ${defaultsOf(rule, key)}): ${description}`,
    ),
  ].join("\n");
}

/** All rules: a table of their levels, and a section for each. */
export const rulesText = (): string => [overview(), ...rules.map(section)].join("\n\n");
