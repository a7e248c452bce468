import { createHash } from "node:crypto";
import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { linkedProgram } from "../domain/node-set";
import { shellQuote } from "../domain/shell-quote";
import { Files, type FilesArgs, Kept, NodeSet } from "../providers/remote";
import { rootPrefix } from "../providers/remote/root";
import { nodeFile } from "../providers/remote/script";
import type { Component } from "./component";
import type { Node } from "./node";

/** Where the program puts its files on a node. */
export const nodePaths = {
  config: "/etc/ha-rancher",
  units: "/etc/systemd/system",
  lease: "/rancher_lease",
} as const;

/** Seconds that any command on a node may take, unless it installs packages. */
const commandLimit = 120;

/** Changes when the text does; short enough to read in a preview. */
export const fingerprint = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Resources that must be there first. */
export type Dependencies = pulumi.Input<pulumi.Resource>[];

/** Which resources must be there first, for each node. */
export type NodeDependencies = (node: Node) => Dependencies;

/** The name of what a component makes on a node, such as `ha-rancher-software-rancher-1-prepared`. */
export const nodeChildName = (component: Component, node: Node, name: string): string =>
  component.childName(`${node.name}-${name}`);

/**
 * Options of everything that lives on a node: made after it, and gone with it if it goes (so never deleted on a dead one).
 *
 * @param name of the child within its component and node, such as `prepared`
 */
export function nodeOptions(
  name: string,
  node: Node,
  component: Component,
  dependsOn: Dependencies = [],
): pulumi.CustomResourceOptions {
  return {
    ...component.childOptions(`${node.name}-${name}`),
    dependsOn: [node.resource, ...dependsOn],
    deletedWith: node.endsWithResource ? node.resource : undefined,
  };
}

/**
 * A command line for root that runs one of systemd's that reads all units anew (`enable` and `disable` do, too). On a
 * slow node that takes longer than a watchdog waits that PID 1 feeds.
 */
export function readingUnits(command: string): string {
  const patient = linkedProgram("host/patient");
  // Without it where the programs are gone already.
  return `[ -x ${patient} ] && ${patient} ${command} || ${command}`;
}

/**
 * A command line for root that makes systemd read its units anew, for files that changed under a running unit. Not
 * at the first start: `systemctl enable` does it, and it takes seconds on a slow machine.
 */
export const reloadUnits = (unit: string): string =>
  `! systemctl --quiet is-active ${unit} || { ${readingUnits("systemctl daemon-reload")}; }`;

const programs = new WeakMap<pulumi.Resource, NodeSet>();

/**
 * The programs of this project on a node: made with the first thing that needs them there, and before all others.
 *
 * @param opts for that first time
 */
export function programsOn(
  node: Node,
  component: Component,
  opts: pulumi.CustomResourceOptions = {},
): NodeSet {
  const known = programs.get(node.resource);
  if (known) return known;
  const options = pulumi.mergeOptions(nodeOptions("programs", node, component), opts);
  const made = new NodeSet(nodeChildName(component, node, "programs"), { ssh: node.ssh }, options);
  programs.set(node.resource, made);
  return made;
}

export type NodeFilesArgs = Omit<FilesArgs, "ssh">;

/** Files on a node, watched for drift. */
export function nodeFiles(
  name: string,
  node: Node,
  component: Component,
  args: NodeFilesArgs,
  dependsOn: Dependencies = [],
): Files {
  return new Files(
    nodeChildName(component, node, name),
    { ssh: node.ssh, ...args },
    nodeOptions(name, node, component, [programsOn(node, component), ...dependsOn]),
  );
}

export interface NodeCommandArgs {
  /** A command line for root; run again whenever it or `changes` changes. */
  run: pulumi.Input<string>;
  /** Undoes it; optional, since a destroyed machine takes everything with it. */
  undo?: string;
  /** What the command depends on: a change runs it again, in place. */
  changes?: pulumi.Input<string>;
  /** Seconds it may take; default 120. */
  limit?: number;
  /**
   * A command line for root that prints what of it was undone since, a line each: `refresh` looks, and then the command is
   * run again. Default: nobody looks.
   */
  look?: pulumi.Input<string>;
}

/** A command that root runs on a node. What is returned is there once it has run, and what it made is as it was made. */
export function nodeCommand(
  name: string,
  node: Node,
  component: Component,
  args: NodeCommandArgs,
  dependsOn: Dependencies = [],
): pulumi.Resource {
  // Who logs in is no secret, as the rest of the endpoint is.
  const root = pulumi.unsecret(node.ssh).apply(({ user }) => rootPrefix(user));
  const line = pulumi.interpolate`${root}timeout ${args.limit ?? commandLimit} ${args.run}`;
  const command = new remote.Command(
    nodeChildName(component, node, name),
    {
      connection: connection(node),
      create: line,
      update: line,
      delete: args.undo && pulumi.interpolate`${root}timeout ${commandLimit} ${args.undo}`,
      // Not `triggers`: a change of those replaces, and then the old `delete` runs after the new `create`.
      stdin: args.changes,
      addPreviousOutputInEnv: false,
    },
    nodeOptions(name, node, component, [programsOn(node, component), ...dependsOn]),
  );
  const { look, run: mend, limit = commandLimit } = args;
  if (look === undefined) return command;
  const kept = `${name}-kept`;
  return new Kept(
    nodeChildName(component, node, kept),
    { ssh: node.ssh, look, mend, limit },
    nodeOptions(kept, node, component, [command]),
  );
}

/** A command line for root that prints which of these units do not run, or would not after a boot. */
export const lookAtUnits = (...units: string[]): string =>
  [linkedProgram("host/units"), ...units].map(shellQuote).join(" ");

/** For a command that runs a program of this project: run again when the program is another one. */
export function programCommand(
  path: string,
  args: readonly string[],
): Pick<NodeCommandArgs, "changes"> & { run: string } {
  return {
    run: [linkedProgram(path), ...args].map(shellQuote).join(" "),
    changes: fingerprint(nodeFile(path)),
  };
}

function connection(node: Node): pulumi.Output<types.input.remote.ConnectionArgs> {
  return node.ssh.apply((ssh) => ({
    host: ssh.host,
    port: ssh.port,
    user: ssh.user,
    privateKey: ssh.privateKey,
    hostKey: ssh.hostKey,
  }));
}
