import * as pulumi from "@pulumi/pulumi";
import { DynamicResource } from "../dynamic-resource";
import { shim } from "../shim";

/** What {@link Password} takes. */
export interface PasswordArgs {
  /** Characters, 12 to 128; default 24. A change makes a new password. */
  length?: pulumi.Input<number>;
}

const provider = shim("ha-rancher/providers/password", "password");

/**
 * A random password, made once and kept in the state as a secret.
 *
 * It is not that of `@pulumi/random`, since that needs a plugin: one more binary to download, which is in no package
 * registry.
 */
export class Password extends DynamicResource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/password:Password";

  declare readonly length: pulumi.Output<number>;
  /** Secret. */
  declare readonly value: pulumi.Output<string>;

  constructor(name: string, args: PasswordArgs = {}, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      { length: args.length, value: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ["value"] }),
      "password",
      "Password",
    );
  }
}
