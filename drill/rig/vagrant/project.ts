import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../local/root";

/** The inputs of a `vagrant.Machine`, without Pulumi's wrappers. */
export type PlainArgs = Record<string, unknown>;

/** A program with one machine for each entry of `machines.json`, as a user of the package would write it. */
const program = `
const { readFileSync } = require("node:fs");
const { Machine } = require("ha-rancher/providers/vagrant");
const machines = JSON.parse(readFileSync("machines.json", "utf8"));
for (const [name, args] of Object.entries(machines)) exports[name] = new Machine(name, args).interface;
`;

const project = `name: engine
runtime:
  name: nodejs
  options:
    typescript: false
main: index.js
`;

/**
 * Makes a Pulumi project that uses this package as if it were installed from npm.
 *
 * @param programFile a compiled program in place of the one that makes what {@link writeMachines} says
 */
export function writeProject(folder: string, programFile?: string): void {
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@pulumi"), { recursive: true });
  symlinkSync(packageRoot, join(modules, "ha-rancher"));
  symlinkSync(join(packageRoot, "node_modules", "@pulumi", "pulumi"), join(modules, "@pulumi", "pulumi"));
  writeFileSync(join(folder, "index.js"), programFile ? readFileSync(programFile, "utf8") : program);
  writeFileSync(join(folder, "Pulumi.yaml"), project);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "engine", private: true }));
}

/** Says which machines the program makes, by resource name. */
export const writeMachines = (folder: string, machines: Record<string, PlainArgs>): void =>
  writeFileSync(join(folder, "machines.json"), JSON.stringify(machines));
