import * as pulumi from "@pulumi/pulumi";
import { plugin } from "./serving";

type Parameters = ConstructorParameters<typeof pulumi.dynamic.Resource>;

/**
 * A resource of the plugin. Dynamic ones would be run by Pulumi in the folder of the program that uses the plugin, which
 * need not be one of Node's.
 */
class ServedResource extends pulumi.CustomResource {
  constructor(...[, name, props, opts, module, type]: Parameters) {
    super(`ha-rancher:${module}:${type}`, name, props, opts);
  }
}

/** What every resource class of this package extends: a dynamic resource, and in the plugin one of its own. */
export const Resource = (
  plugin.serves ? ServedResource : pulumi.dynamic.Resource
) as typeof pulumi.dynamic.Resource;
