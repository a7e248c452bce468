import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Rollout, type RolloutArgs } from "ha-rancher/providers/agent";

/** A program with the agents that rollout.json tells of, as a user of the package would write it. */
const args = JSON.parse(readFileSync(join(process.cwd(), "rollout.json"), "utf8")) as RolloutArgs;

export const versions = new Rollout("agents", args).versions;
