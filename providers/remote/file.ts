import * as pulumi from "@pulumi/pulumi";
import { shim } from "../shim";
import type { SshEndpoint } from "./endpoint";

export interface FileArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /** Absolute path on the node. Missing folders are made, mode 0755. A change replaces the file. */
  path: pulumi.Input<string>;
  /** The whole text; written as UTF-8, exactly as given. A secret stays one. */
  content: pulumi.Input<string>;
  /** Octal; default `0644`. */
  mode?: pulumi.Input<string>;
  /** User and group, by name or number; default `root:root`. */
  owner?: pulumi.Input<string>;
  /**
   * Run as root before the new content is swapped in, with `{}` for the file to check, as in `visudo -cf {}`.
   * If it fails, the old file stays, and the error shows what the command said: it should not print secrets.
   */
  check?: pulumi.Input<string>;
  /**
   * Run as root after the file was created or changed, as in `systemctl daemon-reload`. If it fails, the next
   * `up` runs it again.
   */
  afterWrite?: pulumi.Input<string>;
  /** Run as root after the file was removed. */
  afterDelete?: pulumi.Input<string>;
}

const provider = shim("ha-rancher/providers/remote", "file");

/**
 * A file on a node, swapped in atomically and watched for drift: `refresh` finds changed content, mode and owner,
 * and a file that is gone. Destroying it removes the file.
 */
export class File extends pulumi.dynamic.Resource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/remote:File";

  declare readonly path: pulumi.Output<string>;
  declare readonly content: pulumi.Output<string>;
  declare readonly mode: pulumi.Output<string>;
  declare readonly owner: pulumi.Output<string>;

  constructor(name: string, args: FileArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, mode: args.mode, owner: args.owner },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["ssh"] }),
      "remote",
      "File",
    );
  }
}
