import { scryptSync } from "node:crypto";
import type { Question } from "../domain/question";
import { fingerprint } from "./on-node";

/**
 * Labels of a container: which image, by the name in the settings, it was made from, and where the agent asks on the
 * node whether it is well (node/release/name reads them).
 */
export const labelNames = {
  image: "ha-rancher.image",
  health: "ha-rancher.health",
  deep: "ha-rancher.deep",
  questions: "ha-rancher.questions",
  volumes: "ha-rancher.volumes",
  pod: "ha-rancher.pod",
} as const;

/** A container as it is wanted: all that is fixed when it is made, but for {@link Workload.secretEnvironment}. */
export interface ContainerOptions {
  /** With a tag or a digest. */
  image: string;
  /** Ports of the container, and of the node; `protocol` is `tcp` unless it says `udp`. */
  ports: { internal: number; external: number; protocol?: "tcp" | "udp" }[];
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
  /** One to eight: the service is well if all say so. Those that are `deep` are asked seldom. */
  health: Question[];
  /** What must be on the node for the mounts: content by path, secret, for root alone. */
  files?: Record<string, string>;
  /** True: an image that keeps data where nothing is mounted is refused, since that would stay on one node. Default false. */
  mountsAllData?: boolean;
  /** What else Docker is told; default: nothing. */
  limits?: ContainerLimits;
  /** Containers that belong to it: started before it, in this order, and stopped after it. Default: none. */
  companions?: CompanionOptions[];
  /** What runs to its end before each start, and after each stop in order. Default: none. */
  hooks?: HookOptions[];
}

/** What may be told apart for each of them. */
type Common = Pick<
  ContainerOptions,
  "image" | "environment" | "mounts" | "volumes" | "command" | "privileged" | "limits" | "mountsAllData"
>;

/** A container that is started before the main one, and stopped after it. */
export interface CompanionOptions extends Common {
  /** Unique in the service; the others reach it by this name. */
  name: string;
  /** Commands in it and lines of its log, all of which must say that it is well before the next one is started; default: none. */
  health?: Question[];
}

/** A container that runs to its end, with 0, before each start, or after each stop in order. */
export interface HookOptions extends Common {
  /** Unique in the service. */
  name: string;
  when: "beforeStart" | "afterStop";
  /** The program and its arguments, in place of the image's. */
  command: string[];
  /** Seconds, after which it is killed and has failed. */
  timeout: number;
}

/** What a container may and how it is run, beside what is in it. */
export interface ContainerLimits {
  /** `USER[:GROUP]`, names or numbers; default: the image's. */
  user?: string;
  /** Kernel capabilities beside Docker's own, and without: `NET_ADMIN`. */
  capabilities?: { adds?: string[]; drops?: string[] };
  /** MiB; default: no limit. */
  memory?: number;
  /** Processors, decimals allowed; default: no limit. */
  cpus?: number;
  /** MiB of /dev/shm; default: Docker's 64. */
  sharedMemory?: number;
  /** What ends it in order; default: the image's, else SIGTERM. */
  stopSignal?: string;
}

/** The same with everything said, and a name. */
export interface ContainerPlan
  extends Required<Omit<ContainerOptions, "health" | "mountsAllData" | "companions" | "hooks">> {
  /** Of the container: another for whatever makes another container. */
  name: string;
  labels: { label: string; value: string }[];
  /** Where it is one of several: their control group; whose network it has, or the names that lead to 127.0.0.1 in its own. */
  pod?: { group: string; network?: string; hosts?: string[] };
  /** In place of the image's program; default: that. */
  entrypoint?: string[];
}

/**
 * Completes and names a container. The name has a fingerprint of all that needs another container, so that the next one
 * can stand beside the one that runs.
 *
 * @param base begins the name: `rancher` for `rancher-1a2b3c4d`
 */
export function planContainer(base: string, options: ContainerOptions): ContainerPlan {
  const { image, ports, mounts, health } = options;
  const {
    environment = {},
    volumes = [],
    command = [],
    files = {},
    privileged = false,
    limits = {},
  } = options;
  const labels = [
    { label: labelNames.image, value: image },
    ...questionLabels(health),
    ...(options.mountsAllData ? [{ label: labelNames.volumes, value: "mounted" }] : []),
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
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
  };
  const name = `${base}-${fingerprint(JSON.stringify(made)).slice(0, 8)}`;
  return { name, image, ports, environment, mounts, volumes, command, privileged, files, labels, limits };
}

/** A page, and a deep one after it, have labels of their own: the names of containers that are there must stay. */
export function questionLabels(questions: Question[]): { label: string; value: string }[] {
  const pages = questions.flatMap((each, i) =>
    "url" in each && each.status === undefined && (each.deep === true) === (i === 1) ? [each.url] : [],
  );
  const names = [labelNames.health, labelNames.deep];
  return pages.length > 0 && pages.length === questions.length && pages.length <= names.length
    ? pages.map((value, i) => ({ label: names[i] ?? "", value }))
    : [{ label: labelNames.questions, value: JSON.stringify(questions) }];
}
