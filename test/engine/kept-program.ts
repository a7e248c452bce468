import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Kept, type KeptArgs } from "ha-rancher/providers/remote";

/** A program with one thing that is kept as it was made: kept.json tells of it. */
const args = JSON.parse(readFileSync(join(process.cwd(), "kept.json"), "utf8")) as KeptArgs;

new Kept("one", args);
