import type { z } from "zod";
import { unknownValue } from "../../local/pulumi/values";
import { crossFailures } from "./cross-checks";
import { type CheckFailure, inputKeys, type MachineInputs, shape } from "./inputs";

const holdsUnknown = (value: unknown): boolean =>
  value === unknownValue ||
  (typeof value === "object" && value !== null && Object.values(value).some(holdsUnknown));

/** Writes a path as in a program: `networks[1].address`. */
const pathText = (path: PropertyKey[]): string =>
  path
    .map((key, i) => (typeof key === "number" ? `[${key}]` : `${i === 0 ? "" : "."}${String(key)}`))
    .join("");

function messages(path: PropertyKey[], issues: readonly z.core.$ZodIssue[]): string[] {
  return issues.flatMap((issue) => {
    const here = [...path, ...issue.path];
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => `\`${pathText([...here, key])}\` is not an input of a machine`);
      case "invalid_key":
        return [`\`${pathText(here)}\` ${issue.issues[0]?.message ?? issue.message}`];
      // The mistake of one script says more than that the list of scripts is wrong.
      case "invalid_union": {
        const closest = issue.errors.filter((errors) => errors.some((error) => error.path.length > 0));
        return closest.length === 1 && closest[0]
          ? messages(here, closest[0])
          : [`\`${pathText(here)}\` ${issue.message}`];
      }
      default:
        return [`\`${pathText(here)}\` ${issue.message}`];
    }
  });
}

/**
 * Checks the inputs of a machine and fills in the defaults.
 *
 * @param news the inputs from Pulumi; unknown ones (in previews) are passed on unchanged
 * @returns all inputs, and all mistakes at once
 */
export function checkInputs(news: Record<string, unknown>): {
  inputs: Record<string, unknown>;
  failures: CheckFailure[];
} {
  const inputs: Record<string, unknown> = { ...news };
  const failures: CheckFailure[] = [];
  const good: Partial<MachineInputs> = {};
  for (const property of inputKeys) {
    if (holdsUnknown(news[property])) continue;
    const result = shape[property].safeParse(news[property]);
    if (!result.success)
      failures.push(...messages([property], result.error.issues).map((reason) => ({ property, reason })));
    else if (result.data === undefined) delete inputs[property];
    else Object.assign(good, { [property]: result.data });
  }
  failures.push(...crossFailures(good, news));
  return { inputs: { ...inputs, ...good }, failures };
}
