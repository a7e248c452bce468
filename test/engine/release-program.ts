import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Release, type ReleaseArgs } from "ha-rancher/providers/release";

/** A program with the release that release.json tells of, as a user of the package would write it. */
const args = JSON.parse(readFileSync(join(process.cwd(), "release.json"), "utf8")) as ReleaseArgs;

export const container = new Release("release", args).container;
