import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustEndWell, type Outcome, TestStack } from "../../drill/rig/vagrant/test-stack";
import { installStandIn, wantedPlugins } from "../../lab/plugins/install";
import { packageRoot } from "../../local/root";
import type { Declaration } from "./policy-cases";

/** Declares what `resources.json` says, as a user's program would: with this package, or against it. */
const program = `
const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");
const classes = Object.assign(
  {},
  ...["agent", "host", "nfs", "password", "remote", "vagrant", "vip"].map((name) => require("ha-rancher/providers/" + name)),
);
const own = new Map(Object.values(classes).flatMap((each) => (each.__pulumiType ? [[each.__pulumiType, each]] : [])));
const { versions, resources } = JSON.parse(readFileSync("resources.json", "utf8"));
for (const { type, name, props, isProtected } of resources) {
  const opts = { protect: isProtected, version: versions[type.split(":")[0]] };
  const Class = own.get(type);
  if (type === "pulumi:pulumi:Stack") Object.assign(exports, props);
  else if (Class) new Class(name, props, opts);
  else if (type.includes(":components:")) new pulumi.ComponentResource(type, name, props, opts).registerOutputs(props);
  else new pulumi.CustomResource(type, name, props, opts);
}
`;

const policyPack = join(packageRoot, "policy");

/**
 * The pack as somebody has it who was given just that folder, with its dependencies installed. Only what its package.json names
 * is in it.
 */
export function copiedPack(folder: string): string {
  const pack = join(folder, "pack");
  const { files, dependencies } = JSON.parse(readFileSync(join(policyPack, "package.json"), "utf8")) as {
    files: string[];
    dependencies: Record<string, string>;
  };
  for (const file of ["package.json", ...files]) cpSync(join(policyPack, file), join(pack, file));
  for (const name of Object.keys(dependencies)) {
    const from = name === "ha-rancher" ? packageRoot : join(packageRoot, "node_modules", name);
    mkdirSync(join(pack, "node_modules", name, ".."), { recursive: true });
    symlinkSync(from, join(pack, "node_modules", name));
  }
  return pack;
}

/** A stack whose program declares what a test says, judged by the policy pack. */
export class PolicyStack {
  private constructor(private readonly stack: TestStack) {}

  static async make(name: string): Promise<PolicyStack> {
    const stack = await TestStack.make(name);
    writeFileSync(join(stack.folder, "index.js"), program);
    await Promise.all(wantedPlugins(stack.env).map(installStandIn));
    // Of the default provider; nobody is asked there in a preview.
    const docker = {
      host: "ssh://root@127.0.0.1",
      sshOpts: '["-o","UserKnownHostsFile=/nowhere","-o","StrictHostKeyChecking=yes","-i","/nowhere"]',
    };
    for (const [key, value] of Object.entries(docker))
      mustEndWell(await stack.pulumi("config", "set", `docker:${key}`, value));
    return new PolicyStack(stack);
  }

  async environment(name: string): Promise<void> {
    mustEndWell(await this.stack.pulumi("config", "set", "ha-rancher:environment", name));
  }

  declare(resources: Declaration[]): void {
    const versions = Object.fromEntries(
      wantedPlugins(this.stack.env).map(({ name, version }) => [name, version]),
    );
    writeFileSync(join(this.stack.folder, "resources.json"), JSON.stringify({ versions, resources }));
  }

  /** Runs Pulumi with the pack. */
  async judged(
    verb: "preview" | "up",
    flags: string[] = [],
    config: object = {},
    pack = policyPack,
  ): Promise<Outcome> {
    const file = join(this.stack.folder, "policies.json");
    writeFileSync(file, JSON.stringify(config));
    return await this.stack.pulumi(verb, ...flags, "--policy-pack", pack, "--policy-pack-config", file);
  }

  /** A folder of the test's own. */
  get folder(): string {
    return this.stack.folder;
  }

  /** Names of the resources in the stack's state. */
  resources(): string[] {
    const { checkpoint } = JSON.parse(this.stack.stateText()) as {
      checkpoint: { latest?: { resources?: { urn: string }[] } };
    };
    return (checkpoint.latest?.resources ?? []).map(({ urn }) => urn.replace(/.*::/, ""));
  }

  /** What Vagrant and the hypervisor were asked to do. */
  calls(): string[] {
    return this.stack.calls();
  }

  close(): Promise<void> {
    return this.stack.close();
  }
}
