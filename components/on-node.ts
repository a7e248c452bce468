import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { packageRoot } from "../local/root";
import { Files, type FilesArgs } from "../providers/remote";
import { rootPrefix } from "../providers/remote/root";
import type { Node } from "./node";

/** Where the program puts its files on a node. */
export const nodePaths = {
  scripts: "/usr/local/lib/ha-rancher",
  config: "/etc/ha-rancher",
  units: "/etc/systemd/system",
  lease: "/rancher_lease",
} as const;

/** Seconds that any command on a node may take, unless it installs packages. */
const commandLimit = 120;

/** A file of node/, as it goes to the nodes: `keepalived/strip`. */
export const nodeFile = (path: string): string => readFileSync(join(packageRoot, "node", path), "utf8");

/** Changes when the text does; short enough to read in a preview. */
export const fingerprint = (text: string): string =>
  createHash("sha256").update(text).digest("hex").slice(0, 16);

/** Options of everything that lives on a node: made after it, and gone with it if it goes (so never deleted on a dead one). */
export function nodeOptions(
  node: Node,
  parent: pulumi.Resource,
  dependsOn: pulumi.Resource[] = [],
): pulumi.CustomResourceOptions {
  return {
    parent,
    dependsOn: [node.resource, ...dependsOn],
    deletedWith: node.endsWithResource ? node.resource : undefined,
  };
}

/**
 * A command line for root that runs one of systemd's that reads all units anew (`enable` and `disable` do, too). On a
 * slow node that takes longer than its watchdog waits for PID 1.
 */
export function readingUnits(command: string): string {
  const watchdog = `${nodePaths.scripts}/watchdog`;
  // Again without it: the one that is there may be of a version that cannot do it.
  return `[ -x ${watchdog} ] && ${watchdog} patient ${command} || ${command}`;
}

/**
 * A command line for root that makes systemd read its units anew, for files that changed under a running unit. Not
 * at the first start: `systemctl enable` does it, and it takes seconds on a slow machine.
 */
export const reloadUnits = (unit: string): string =>
  `! systemctl --quiet is-active ${unit} || { ${readingUnits("systemctl daemon-reload")}; }`;

export type NodeFilesArgs = Omit<FilesArgs, "ssh">;

/** Files on a node, watched for drift. */
export function nodeFiles(
  name: string,
  node: Node,
  parent: pulumi.Resource,
  args: NodeFilesArgs,
  dependsOn: pulumi.Resource[] = [],
): Files {
  return new Files(`${node.name}-${name}`, { ssh: node.ssh, ...args }, nodeOptions(node, parent, dependsOn));
}

export interface NodeCommandArgs {
  /** A command line for root; run again whenever it or `changes` changes. */
  run: pulumi.Input<string>;
  /** Undoes it; optional, since a destroyed machine takes everything with it. */
  undo?: string;
  /** What the command depends on: a change runs it again, in place. */
  changes?: pulumi.Input<string>;
  /** Given to the command as standard input instead of `changes`: a script for `bash -s`. */
  script?: string;
  /** Seconds it may take; default 120. */
  limit?: number;
}

/** A command that root runs on a node. */
export function nodeCommand(
  name: string,
  node: Node,
  parent: pulumi.Resource,
  args: NodeCommandArgs,
  dependsOn: pulumi.Resource[] = [],
): remote.Command {
  // Who logs in is no secret, as the rest of the endpoint is.
  const root = pulumi.unsecret(node.ssh).apply(({ user }) => rootPrefix(user));
  const line = pulumi.interpolate`${root}timeout ${args.limit ?? commandLimit} ${args.run}`;
  return new remote.Command(
    `${node.name}-${name}`,
    {
      connection: connection(node),
      create: line,
      update: line,
      delete: args.undo && pulumi.interpolate`${root}timeout ${commandLimit} ${args.undo}`,
      // Not `triggers`: a change of those replaces, and then the old `delete` runs after the new `create`.
      stdin: args.script ?? args.changes,
      addPreviousOutputInEnv: false,
    },
    nodeOptions(node, parent, dependsOn),
  );
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
