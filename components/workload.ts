import type * as pulumi from "@pulumi/pulumi";
import type { OnlineBackup } from "../domain/agent-configuration";
import type { Cause } from "../domain/causes";
import type { Page } from "../domain/page";
import type { Upgrades } from "../domain/upgrades";
import type { ContainerOptions } from "./container-plan";

/**
 * What stands behind the VIP: a service in one container, which runs on one node at a time with its data on shared
 * storage. A folder of workloads/ makes one of these from arguments of its own.
 */
export interface Workload {
  /** What people call it, for messages: `Rancher`. */
  title: string;
  /** Begins the names of its containers, and names its resources: `rancher`. Plain, one word for host names. */
  name: string;
  /** What its resources are named after in place of `name`, where that may change. */
  resources?: string;
  /** Names of resources of other workloads in its place: one that is up is found by them, and this one refused. */
  others?: string[];
  /** The container. Another one stands beside it and takes over, if all nodes run that well. */
  container: pulumi.Input<ContainerOptions>;
  /** Variables that make no other container, such as a generated password: known once and for all. */
  secretEnvironment?: Record<string, pulumi.Input<string>>;
  /** Where it answers through the VIP: `https://192.168.56.10:3300`, or `tcp://192.168.56.10:5432`. */
  url: string;
  /** What of the data is copied before each start, a relative path: the datastore's folder. Default: nothing. */
  datastore?: string;
  /** Commands in the container for a backup while it runs; default: a backup stops the service. */
  backup?: OnlineBackup | undefined;
  /** Answered as soon as the service can be used; asked through the VIP at the end of an update, and by `status`. */
  answers: Page;
  /** Answered as long as it is well; asked through the VIP while a new container is tried. */
  healthy: Page;
  /** Seconds that it may take to start. */
  startDeadline: number;
  /** Seconds between SIGTERM and SIGKILL. */
  stopGrace: number;
  /** What its logs mean when it does not start, in order of preference. */
  causes: Cause[];
  /** Which versions of its image may follow which, and what breaks that; default: any may follow an older one. */
  upgrades?: pulumi.Input<Upgrades> | undefined;
  /** Let an older version of the image follow a newer one; default false: it may spoil the datastore. */
  allowDowngrade?: boolean;
  /** A container that has answered: go back to before it, and lose all that was written since; default: none. */
  discardWritesOf?: string | undefined;
}

/** How nodes come by the image, beside the registry that it names. */
export interface ImageSources {
  /** For the registry that the image is in. Kept secret. */
  login?: { username: pulumi.Input<string>; password: pulumi.Input<string> } | undefined;
  /** Registries that Docker asks before Docker Hub, as URLs; merged into the nodes' daemon.json. */
  mirrors?: string[];
  /** A file on this machine as `docker save` writes it, and its SHA-256 in hex; in place of a registry. */
  archive?: { file: string; sha256: string } | undefined;
}
