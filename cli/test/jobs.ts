import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../local/errors";
import type { Job } from "./job";
import { type Layer, testFolder } from "./layers";
import { linters } from "./lint";
import { allJobs, tellingJobs } from "./newer-node";
import { pythonJobs } from "./python";

/** The program that runs a file of tests. */
export const fileJob = (layer: string, file: string, folder: string): Job => ({
  name: `${layer}/${file}`,
  command: process.execPath,
  args: ["--test-reporter=spec", join(folder, file)],
  counts: true,
});

/** The compiled files of tests in a folder. */
const testFiles = (folder: string): string[] =>
  readdirSync(folder).filter((name) => name.endsWith(".test.js"));

/**
 * The jobs of a layer; none if its folder does not exist.
 *
 * @throws Failure if it has no test
 */
export function jobsOf(layer: Layer): Job[] {
  if (layer.name === "lint") return linters();
  if (layer.name === "agent") return pythonJobs();
  if (layer.name === "newer-node") return tellingJobs();
  if (layer.name === "newer-node-all")
    return allJobs(
      Object.fromEntries(["unit", "program"].map((name) => [name, testFiles(testFolder({ name }))])),
    );
  const folder = testFolder(layer);
  if (!existsSync(folder)) return [];
  const files = testFiles(folder);
  if (files.length === 0) throw new Failure(`test/${layer.name} has no tests: a layer that tests nothing`);
  return files.map((file) => fileJob(layer.name, file, folder));
}
