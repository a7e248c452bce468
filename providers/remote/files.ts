import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import { shim } from "../shim";
import type { SshEndpoint } from "./endpoint";
import type { FileStates } from "./files-script";

/** One file of a {@link Files}. */
export interface FileArgs {
  /** The whole text; written as UTF-8, exactly as given. A secret stays secret. */
  content: pulumi.Input<string>;
  /** Octal; default `0644`. */
  mode?: pulumi.Input<string>;
  /** User and group, by name or number; default `root:root`. */
  owner?: pulumi.Input<string>;
  /**
   * A command that runs as root before any new content is swapped in, with `{}` for the file to check, as in
   * `visudo -cf {}`. If it fails, nothing changes, and the error shows the command's output, which should have no
   * secrets.
   */
  check?: pulumi.Input<string>;
}

/** What {@link Files} takes. */
export interface FilesArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /**
   * The files by absolute path on the node. Missing folders are made, mode 0755. A file that leaves the map is removed.
   */
  files: pulumi.Input<Record<string, pulumi.Input<FileArgs>>>;
  /**
   * A command that runs as root after any of the files was created, changed or removed, such as
   * `systemctl daemon-reload`. If it fails, the next `up` runs it again.
   */
  afterWrite?: pulumi.Input<string>;
  /** A command that runs as root after the files were removed. */
  afterDelete?: pulumi.Input<string>;
}

const provider = shim("ha-rancher/providers/remote", "files");

/**
 * Files on a node that belong together. They are written in one step, each is swapped in atomically. `refresh` notices
 * changed content, mode and owner, and missing files. Destroying the resource removes the files.
 */
export class Files extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/remote:Files";

  declare readonly files: pulumi.Output<FileStates>;

  constructor(name: string, args: FilesArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["ssh"] }),
      "remote",
      "Files",
    );
  }
}
