import type { Settings } from "../settings";
import { type Environment, environmentOf } from "../settings/environment";

/**
 * What a stack says about itself as a whole: the inputs of its component. Known before anything is made, so policies
 * can refuse a stack by it (policy/); also shown by `pulumi stack export`. Nothing in it is secret.
 */
export interface Declared
  extends Pick<
    Settings,
    "vip" | "furtherVips" | "subnet" | "virtualRouterId" | "advertInterval" | "dataDirectory" | "httpsPort"
  > {
  environment: Environment;
  nodes: { name: string; address: string; priority: number }[];
}

export function declared(settings: Settings, stack: string): Declared {
  const { vip, furtherVips, subnet, virtualRouterId, advertInterval, dataDirectory, httpsPort } = settings;
  return {
    ...{ vip, furtherVips, subnet, virtualRouterId, advertInterval, dataDirectory, httpsPort },
    environment: environmentOf(stack, settings.environment, settings.nodes),
    nodes: settings.nodes.map(({ name, address, priority }) => ({ name, address, priority })),
  };
}
