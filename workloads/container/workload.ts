import type * as pulumi from "@pulumi/pulumi";
import { output } from "@pulumi/pulumi";
import type { ContainerLimits, ContainerOptions } from "../../components/container-plan";
import type { Workload } from "../../components/workload";
import type { Cause } from "../../domain/causes";
import type { Question } from "../../domain/question";
import { agentTimers, startDeadline } from "../../domain/timers";
import { type Asked, askedThroughVip } from "./asked";

/** Any container with its data on shared storage. */
export interface ContainerWorkloadArgs extends ContainerLimits {
  /** Begins its containers' names: lower-case letters, digits and dashes, such as `postgres`. */
  name: string;
  /** With a tag or a digest; another one is an upgrade. */
  image: pulumi.Input<string>;
  /** Where the container has the shared data: an absolute path in it. */
  dataPath: string;
  /**
   * The folder of the data, relative, that is copied before each start, and that the next owner works on a copy of after
   * an unclean end. Default: none, and then late writes of a node that was paused may reach the next owner.
   */
  datastore?: string | undefined;
  /** Ports on the VIP and the nodes, and in the container (default: the same). At least one is TCP. */
  ports: { published: number; target?: number | undefined; protocol?: "tcp" | "udp" }[];
  /** One to eight; the service is well if all say so. */
  health: Asked[];
  /** Variables. Kept secret. */
  environment?: Record<string, pulumi.Input<string>>;
  /** Arguments; default: the image's. */
  command?: string[];
  /** Docker volumes on each node, for what need not survive a failover. */
  volumes?: { name: string; path: string }[];
  /** Root on its node; default false. */
  privileged?: boolean;
  /** Seconds that it may take to start; default 300. */
  startDeadline?: number;
  /** Seconds between the signal that ends it and SIGKILL; default 30. */
  stopGrace?: number;
  /** Let an older version of `image` follow a newer one; default false. */
  allowDowngrade?: boolean;
  /** A container that has answered: go back to before it, and lose all that was written since; default: none. */
  discardWritesOf?: string | undefined;
}

/** What any container's log may say when it does not start. */
const causes: Cause[] = [
  {
    pattern: "no space left on device",
    meaning: "a disk is full: make room on the node, or on the NFS server",
  },
  {
    pattern: "permission denied|operation not permitted",
    meaning: "the container may not do something: look at `user`, `capabilities` and who owns the data",
  },
  {
    pattern: "port is already allocated|address already in use",
    meaning: "another program on the node has a port: publish another one, or stop that program",
  },
  {
    pattern: "killed for want of memory|out of memory|OOMKilled|exit code 137",
    meaning: "memory ran out: give the nodes more (`memory`), or the container (`container.memory`)",
  },
  {
    pattern: "not this stack's data|cannot be used",
    meaning:
      "the shared data cannot be used: look whether the NFS server answers, and whose data the directory has",
  },
];

/** A question as the agent asks it: on its node. */
function questionOf({ http, tcp, command, log, deep }: Asked): Question {
  const rest = deep ? { deep } : {};
  if (command) return { command, ...rest };
  if (log !== undefined) return { log, ...rest };
  if (!http) return { tcp: `127.0.0.1:${tcp}`, ...rest };
  const { port, path = "/", tls = false, status = [] } = http;
  const url = `${tls ? "https" : "http"}://127.0.0.1:${port}${path}`;
  return { url, ...(status.length > 0 ? { status } : {}), ...rest };
}

function limitsOf(args: ContainerWorkloadArgs): ContainerLimits {
  const { user, capabilities, memory, cpus, sharedMemory, stopSignal } = args;
  const all = { user, capabilities, memory, cpus, sharedMemory, stopSignal };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/**
 * A container as a workload.
 *
 * @param vip where it is reached, without prefix
 * @param dataDirectory where the active node has the shared data mounted
 */
export function containerWorkload(
  args: ContainerWorkloadArgs,
  { vip, dataDirectory }: { vip: string; dataDirectory: string },
): Workload {
  const { name, dataPath, volumes = [], command = [], privileged = false } = args;
  const { url, page } = askedThroughVip(args, vip);
  const made = {
    ports: args.ports.map(({ published, target = published, protocol = "tcp" }) => ({
      internal: target,
      external: published,
      ...(protocol === "udp" ? { protocol } : {}),
    })),
    mounts: [
      { type: "bind" as const, source: dataDirectory, target: dataPath },
      ...volumes.map((each) => ({ type: "volume" as const, source: each.name, target: each.path })),
    ],
    ...{ command, privileged, limits: limitsOf(args), health: args.health.map(questionOf) },
    mountsAllData: true,
  } satisfies Partial<ContainerOptions>;
  return {
    ...{ title: name, name },
    container: output({ image: args.image, environment: args.environment ?? {} }).apply((later) => ({
      ...made,
      ...later,
    })),
    ...{ url, answers: page, healthy: page, causes },
    datastore: args.datastore,
    startDeadline: args.startDeadline ?? startDeadline.default,
    stopGrace: args.stopGrace ?? agentTimers.stopGrace.default,
    allowDowngrade: args.allowDowngrade ?? false,
    discardWritesOf: args.discardWritesOf,
  };
}
