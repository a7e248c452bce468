import compare from "semver/functions/compare";
import parse from "semver/functions/parse";

/**
 * A version as semver has it. Two things are mended before: numbers that are left out are 0 (`2.3`), and a number that
 * ends a word of a pre-release is a number (`rc10` is after `rc2`; semver compares such words letter by letter).
 */
function parsed(version: string): ReturnType<typeof parse> {
  const [, numbers, rest = ""] = /^v?(\d+(?:\.\d+){0,2})(?:-([\w.-]+))?$/.exec(version) ?? [];
  if (numbers === undefined) return null;
  const three = [...numbers.split("."), "0", "0"].slice(0, 3).join(".");
  return parse(rest ? `${three}-${rest.replace(/([A-Za-z])(\d)/g, "$1.$2")}` : three);
}

/** Whether a text is a version: up to three numbers, with or without a leading `v`, with or without a pre-release. */
export const isVersion = (text: string): boolean => parsed(text) !== null;

const notOne = (text: string): Error => new Error(`${JSON.stringify(text)} is not a version, such as 2.2.7`);

/**
 * -1, 0 or 1, as a version is older, the same, or newer. A pre-release is before its release.
 *
 * @throws if one of them is no version
 */
export function compareVersions(one: string, other: string): -1 | 0 | 1 {
  const [left, right] = [one, other].map((text) => {
    const version = parsed(text);
    if (!version) throw notOne(text);
    return version;
  });
  return compare(left as NonNullable<typeof left>, right as NonNullable<typeof right>);
}

/**
 * The first two numbers of a version.
 *
 * @throws if it is no version
 */
export function partsOf(version: string): { major: number; minor: number } {
  const { major, minor } = parsed(version) ?? {};
  if (major === undefined || minor === undefined) throw notOne(version);
  return { major, minor };
}

/** The first number of a version; undefined if it is none. */
export const majorOf = (version: string): number | undefined => parsed(version)?.major;
