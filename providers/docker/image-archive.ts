import * as pulumi from "@pulumi/pulumi";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

export interface ImageArchiveArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /** The image's name with its tag, under which the archive has it. */
  image: pulumi.Input<string>;
  /** The archive on this machine, as `docker save` writes it. Where it lies is no reason to load it again. */
  file: pulumi.Input<string>;
  /** The archive's SHA-256 in hex. */
  sha256: pulumi.Input<string>;
}

const provider = shim("ha-rancher/providers/docker", "imageArchive");

/**
 * An image on a node, loaded from an archive file instead of pulled. Destroying it leaves the image, which others may
 * use by then.
 */
export class ImageArchive extends pulumi.dynamic.Resource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/docker:ImageArchive";

  /** Docker's id of the image on that node. */
  declare readonly imageId: pulumi.Output<string>;

  constructor(name: string, args: ImageArchiveArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { ...args, imageId: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["ssh"] }),
      "docker",
      "ImageArchive",
    );
  }
}
