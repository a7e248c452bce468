import * as pulumi from "@pulumi/pulumi";

/** A resource of a provider of this package. */
export abstract class DynamicResource extends pulumi.CustomResource {
  /** @param provider its text, made by `shim` */
  constructor(
    provider: string,
    name: string,
    props: pulumi.Inputs,
    opts: pulumi.CustomResourceOptions | undefined,
    module: string,
    type: string,
  ) {
    super(`pulumi-nodejs:dynamic/${module}:${type}`, name, { ...props, __provider: provider }, opts);
  }
}
