import { scryptSync } from "node:crypto";
import { fingerprint } from "./on-node";

/**
 * Labels of a container: which image, by the name in the settings, it was made from, and where the agent asks on the
 * node whether it is well (node/release/name reads them).
 */
const labelNames = {
  image: "ha-rancher.image",
  health: "ha-rancher.health",
  deep: "ha-rancher.deep",
} as const;

/** A container as it is wanted: all that is fixed when it is made, but for {@link Workload.secretEnvironment}. */
export interface ContainerOptions {
  /** With a tag or a digest. */
  image: string;
  /** Ports of the container, and of the node. */
  ports: { internal: number; external: number }[];
  /** Variables. They may hold secrets. */
  environment?: Record<string, string>;
  /** A `bind` source is a path on the node that must be there; a `volume` is made, and stays when containers go. */
  mounts: { type: "bind" | "volume"; source: string; target: string; readOnly?: boolean }[];
  /** Folders of the node, which Docker makes. */
  volumes?: { hostPath: string; containerPath: string }[];
  /** Arguments; default: the image's. */
  command?: string[];
  /** True: root on its node. Default false. */
  privileged?: boolean;
  /** Where the agent asks, a 2xx means well; `deep` asks the datastore, too. 127.0.0.1 is the node, such as `http://127.0.0.1:80/`. */
  health: { light: string; deep?: string };
  /** What must be on the node for the mounts: content by path, secret, for root alone. */
  files?: Record<string, string>;
}

/** The same with everything said, and a name. */
export interface ContainerPlan extends Required<Omit<ContainerOptions, "health">> {
  /** Of the container: another for whatever makes another container. */
  name: string;
  labels: { label: string; value: string }[];
}

/**
 * Completes and names a container. The name has a fingerprint of all that needs another container, so that the next one
 * can stand beside the one that runs.
 *
 * @param base begins the name: `rancher` for `rancher-1a2b3c4d`
 */
export function planContainer(base: string, options: ContainerOptions): ContainerPlan {
  const { image, ports, mounts, health } = options;
  const { environment = {}, volumes = [], command = [], files = {}, privileged = false } = options;
  const labels = [
    { label: labelNames.image, value: image },
    { label: labelNames.health, value: health.light },
    ...(health.deep === undefined ? [] : [{ label: labelNames.deep, value: health.deep }]),
  ];
  // The name is not secret and an environment may be: a slow hash, so that nobody finds a password by trying.
  const hidden = scryptSync(JSON.stringify(environment), base, 16).toString("hex");
  // In this order, and without what is usual: the names of containers that are there must stay.
  const made = {
    image,
    ports,
    mounts,
    volumes,
    command,
    labels,
    hidden,
    ...(privileged ? {} : { privileged }),
  };
  const name = `${base}-${fingerprint(JSON.stringify(made)).slice(0, 8)}`;
  return { name, image, ports, environment, mounts, volumes, command, privileged, files, labels };
}
