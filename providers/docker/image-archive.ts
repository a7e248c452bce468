import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import type { SshEndpoint } from "../remote/endpoint";
import { shim } from "../shim";

/** What {@link ImageArchive} takes. */
export interface ImageArchiveArgs {
  /** The node, and how to log in to it. Secret in the state. */
  ssh: pulumi.Input<SshEndpoint>;
  /** The image's name with its tag, as in the archive. */
  image: pulumi.Input<string>;
  /** The archive on this machine, made with `docker save`. A changed path does not load it again. */
  file: pulumi.Input<string>;
  /** The archive's SHA-256 in hex. */
  sha256: pulumi.Input<string>;
}

const provider = shim("ha-rancher/providers/docker", "imageArchive");

/**
 * An image on a node that is loaded from an archive instead of pulled. Destroying the resource leaves the image, since
 * others may use it by then.
 */
export class ImageArchive extends DynamicResource {
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
