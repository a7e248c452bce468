import * as pulumi from "@pulumi/pulumi";
import type { ImageSources, Workload } from "../../components/workload";
import type { Mistake } from "../../domain/mistake";
import { agentTimers, startDeadline } from "../../domain/timers";
import { causes } from "./causes";
import { type AuditLog, rancherContainer } from "./container";
import { answers, healthy, serverUrl } from "./pages";
import { rancherRules } from "./settings";
import { defaultImage, rancherUpgrades } from "./versions";

/** Rancher, and how it is reached. */
export interface RancherArgs {
  /**
   * With a tag or a digest; default {@link defaultImage}. Another one is an upgrade: it takes over once it serves, and
   * there is no way back. While it is unknown, in a preview, its containers are not shown.
   */
  image?: pulumi.Input<string>;
  /** Let an older version of `image` follow a newer one; default false: it may spoil the datastore. */
  allowDowngrade?: boolean;
  /** A container that has answered: go back to before it, and lose all that was written since; default: none. */
  discardWritesOf?: string | undefined;
  /** The name under which users find Rancher; default: the VIP. */
  hostname?: pulumi.Input<string> | undefined;
  /** The port on the VIP and on the nodes for HTTPS; default 443. */
  httpsPort?: number;
  /** A port for plain HTTP, which Rancher redirects; the agent then asks it without TLS. Default: none. */
  httpPort?: number | undefined;
  /** A certificate of one's own, as PEM text. Kept secret. Default: Rancher makes one. */
  tls?:
    | {
        /** With those in between up to its CA. */
        certificate: pulumi.Input<string>;
        key: pulumi.Input<string>;
        /** The private CA's, if that signed it. */
        ca?: pulumi.Input<string | undefined> | undefined;
      }
    | undefined;
  /** Further variables of the container, such as HTTP_PROXY. Kept secret. */
  extraEnvironment?: Record<string, pulumi.Input<string>>;
  /** Without internet access: the registry from which Rancher takes its own images, `HOST[:PORT]`. */
  systemRegistry?: pulumi.Input<string> | undefined;
  /** The Docker volume on each node for what cannot be on NFS; default `rancher-agent`. Plain: a resource is named so. */
  agentVolume?: string;
  /** Rancher's log of API calls; default: none. */
  auditLog?: AuditLog | undefined;
  /** MiB of memory that each node must have before an upgrade; default 3584 for Rancher's own image, else any. */
  memoryFloor?: number | undefined;
  /** Seconds that it may take to start; default 300. */
  startDeadline?: number;
  /** Seconds between SIGTERM and SIGKILL; default 30. */
  stopGrace?: number;
}

/**
 * What is wrong between Rancher's arguments, by the rules of the settings.
 *
 * @param sources how nodes come by the image
 */
export function rancherMistakes(
  { httpsPort = 443, httpPort, extraEnvironment = {}, image }: RancherArgs,
  { mirrors: registryMirrors = [], archive: imageArchive }: ImageSources = {},
): Mistake[] {
  const given = { httpsPort, httpPort, extraEnvironment, registryMirrors, imageArchive };
  // One that is an output is not known yet.
  const known = typeof image === "string" ? { image } : {};
  return rancherRules.flatMap(({ check }) => check({ ...given, ...known }));
}

/**
 * Rancher as a workload.
 *
 * @param at where it is reached (`vip`, without prefix), and where the active node has the shared data mounted
 * @param bootstrapPassword of the first login
 */
export function rancherWorkload(
  args: RancherArgs,
  at: { vip: string; dataDirectory: string },
  bootstrapPassword: pulumi.Input<string>,
): Workload {
  const { image = defaultImage, hostname = at.vip, tls, extraEnvironment = {}, systemRegistry } = args;
  const { httpsPort = 443, httpPort, agentVolume = "rancher-agent", auditLog } = args;
  const known = { ...{ httpsPort, httpPort, agentVolume, auditLog }, dataDirectory: at.dataDirectory };
  return {
    title: "Rancher",
    name: "rancher",
    others: ["service"],
    container: pulumi
      .output({ image, hostname, tls, extraEnvironment, systemRegistry })
      .apply((later) => rancherContainer({ ...known, ...later })),
    secretEnvironment: { CATTLE_BOOTSTRAP_PASSWORD: bootstrapPassword },
    url: serverUrl(at.vip, httpsPort),
    // The embedded etcd's, below the folder that the container has for its data.
    datastore: "k3s/server/db",
    ...{ answers, healthy, causes: [...causes] },
    startDeadline: args.startDeadline ?? startDeadline.default,
    stopGrace: args.stopGrace ?? agentTimers.stopGrace.default,
    upgrades: pulumi.output(image).apply((known) => rancherUpgrades(known, args.memoryFloor)),
    allowDowngrade: args.allowDowngrade ?? false,
    discardWritesOf: args.discardWritesOf,
  };
}
