import * as pulumi from "@pulumi/pulumi";
import { plugin } from "./serving";

/**
 * A resource of a provider of this package: a dynamic one, and in the package's plugin one of its own. Dynamic ones would be
 * run by Pulumi in the folder of the program that uses the plugin, which need not be one of Node's.
 */
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
    if (plugin.serves) super(`ha-rancher:${module}:${type}`, name, props, opts);
    else super(`pulumi-nodejs:dynamic/${module}:${type}`, name, { ...props, __provider: provider }, opts);
  }
}
