import { environments } from "../domain/environment";
import { defaultConfig, type Rule } from "./rule";
import { rules } from "./rules";

/** The text of a cell: one line, with its bars escaped. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const row = (cells: string[]): string => `| ${cells.map(cell).join(" | ")} |`;

/** The configuration of a rule with its defaults, for each environment if they differ. */
function configOf(rule: Rule): string {
  return Object.entries(rule.config ?? {})
    .map(([name, { description }]) => {
      const values = environments.map((environment) =>
        JSON.stringify(defaultConfig(rule, environment)[name]),
      );
      const shown =
        new Set(values).size === 1
          ? values[0]
          : environments.map((environment, i) => `${environment} ${values[i]}`).join(", ");
      return `\`${name}\` (${shown}): ${description}`;
    })
    .join("<br>");
}

/** The rules as a table in Markdown: what docs/policies.md shows. */
export function rulesTable(): string {
  const heading = ["rule", "why", "what to do", ...environments, "configuration"];
  return [
    row(heading),
    `|${"---|".repeat(heading.length)}`,
    ...rules.map((rule) =>
      row([
        `\`${rule.name}\``,
        rule.reason,
        rule.remedy,
        ...environments.map((environment) => rule.levels[environment]),
        configOf(rule),
      ]),
    ),
  ].join("\n");
}
