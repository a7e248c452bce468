import type * as pulumi from "@pulumi/pulumi";
import { all, output } from "@pulumi/pulumi";
import type { ContainerLimits, ContainerOptions, HookOptions } from "../../components/container-plan";

import type { Workload } from "../../components/workload";
import type { OnlineBackup } from "../../domain/agent-configuration";
import type { Question } from "../../domain/question";
import { agentTimers, startDeadline } from "../../domain/timers";
import { type Asked, askedThroughVip } from "./asked";
import { causes } from "./causes";

/** What each container of a service may have. */
export interface PartArgs extends ContainerLimits {
  /** With a tag or a digest; another one is an upgrade. */
  image: pulumi.Input<string>;
  /** The folder of the shared data that it has in place of all of it, relative; all or none of a service's have one. */
  dataFolder?: string | undefined;
  /** Variables. Kept secret. */
  environment?: Record<string, pulumi.Input<string>>;
  /** Arguments; default: the image's. */
  command?: string[];
  /** Docker volumes on each node, for what need not survive a failover. */
  volumes?: { name: string; path: string }[];
  /** Root on its node; default false. */
  privileged?: boolean;
}

/** A container that belongs to the main one: started before it, and stopped after it. */
export interface CompanionArgs extends PartArgs {
  /** Unique in the service; the others reach it by this name, and all of them at 127.0.0.1. */
  name: string;
  /** Where it has the shared data; default: nowhere. */
  dataPath?: string | undefined;
  /** Commands in it and lines of its log: all must say that it is well before the next one is started. Default: none. */
  health?: Pick<Asked, "command" | "log" | "deep">[];
}

/** What runs to its end, with 0, in a container of its own. */
export interface HookArgs {
  /** Unique in the service. */
  name: string;
  /** The program and its arguments, in place of the image's. */
  command: string[];
  /** The companion whose image, variables, user and data it has; default: the main one. */
  like?: string | undefined;
  /** Seconds, after which it is killed and has failed; default 20. */
  timeout?: number;
}

/** Any container with its data on shared storage, and those that belong to it. */
export interface ContainerWorkloadArgs extends PartArgs {
  /** Begins its containers' names: lower-case letters, digits and dashes, such as `postgres`. */
  name: string;
  /** Where the container has the shared data: an absolute path in it. */
  dataPath: string;
  /**
   * The folder of the data, relative, that is copied before each start, and that the next owner works on a copy of after
   * an unclean end. Default: none, and then late writes of a node that was paused may reach the next owner.
   */
  datastore?: string | undefined;
  /** Commands in the container for a backup while it runs; default: a backup stops the service. */
  backup?: OnlineBackup | undefined;
  /** Started before it in this order, and stopped after it; default: none. */
  companions?: CompanionArgs[];
  /** Run before each start, and after each stop in order; default: none. */
  hooks?: { beforeStart?: HookArgs[]; afterStop?: HookArgs[] };
  /** Ports on the VIP and the nodes, and in the container (default: the same). At least one is TCP. */
  ports: { published: number; target?: number | undefined; protocol?: "tcp" | "udp" }[];
  /** One to eight; the service is well if all say so. */
  health: Asked[];
  /** Seconds that it may take to start; default 300. */
  startDeadline?: number;
  /** Seconds between the signal that ends it and SIGKILL; default 30. */
  stopGrace?: number;
  /** Let an older version of `image` follow a newer one; default false. */
  allowDowngrade?: boolean;
  /** A container that has answered: go back to before it, and lose all that was written since; default: none. */
  discardWritesOf?: string | undefined;
}

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

function limitsOf(args: PartArgs): ContainerLimits {
  const { user, capabilities, memory, cpus, sharedMemory, stopSignal } = args;
  const all = { user, capabilities, memory, cpus, sharedMemory, stopSignal };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** What is plain of one of the containers; the rest may be known later. */
function partOf(args: PartArgs & { dataPath?: string | undefined }, dataDirectory: string) {
  const { dataPath, dataFolder, volumes = [], command = [], privileged = false } = args;
  const folder = dataPath !== undefined && dataFolder !== undefined;
  const whole = dataPath !== undefined && dataFolder === undefined;
  return {
    mounts: [
      ...(whole ? [{ type: "bind" as const, source: dataDirectory, target: dataPath }] : []),
      ...volumes.map((each) => ({ type: "volume" as const, source: each.name, target: each.path })),
    ],
    // Not a mount, whose source must be there when the container is made: this one Docker makes when it starts.
    ...(folder ? { volumes: [{ hostPath: `${dataDirectory}/${dataFolder}`, containerPath: dataPath }] } : {}),
    ...{ command, privileged, limits: limitsOf(args), mountsAllData: true },
  };
}

/** What may be known later of one of the containers. */
const laterOf = ({ image, environment = {} }: PartArgs) => output({ image, environment });

/** Seconds that a hook may take. */
const hookTimeout = 20;

/** The hooks as containers, each like one of the service's. */
function hooksOf(args: ContainerWorkloadArgs, dataDirectory: string) {
  const { hooks: { beforeStart = [], afterStop = [] } = {}, companions = [] } = args;
  const hookOf = (when: HookOptions["when"], { name, command, like, timeout = hookTimeout }: HookArgs) => {
    const model = companions.find((each) => each.name === like) ?? args;
    return laterOf(model).apply((later) => ({
      ...partOf(model, dataDirectory),
      ...later,
      ...{ name, when, command, timeout },
    }));
  };
  return [
    ...beforeStart.map((each) => hookOf("beforeStart", each)),
    ...afterStop.map((each) => hookOf("afterStop", each)),
  ];
}

const companionsOf = ({ companions = [] }: ContainerWorkloadArgs, dataDirectory: string) =>
  companions.map((each) =>
    laterOf(each).apply((later) => ({
      ...partOf(each, dataDirectory),
      ...later,
      ...{ name: each.name, health: (each.health ?? []).map(questionOf) },
    })),
  );

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
  const { name, companions = [], hooks = {} } = args;
  const { url, page } = askedThroughVip(args, vip);
  const made = {
    ports: args.ports.map(({ published, target = published, protocol = "tcp" }) => ({
      internal: target,
      external: published,
      ...(protocol === "udp" ? { protocol } : {}),
    })),
    ...partOf(args, dataDirectory),
    health: args.health.map(questionOf),
  } satisfies Partial<ContainerOptions>;
  const others = companions.length > 0 && { companions: all(companionsOf(args, dataDirectory)) };
  const around = Object.values(hooks).flat().length > 0 && { hooks: all(hooksOf(args, dataDirectory)) };
  const backup = args.backup?.of === name ? { ...args.backup, of: undefined } : args.backup;
  return {
    ...{ title: name, name },
    container: output({ image: args.image, environment: args.environment ?? {}, ...others, ...around }).apply(
      (later) => ({ ...made, ...later }),
    ),
    ...{ url, answers: page, healthy: page, causes: [...causes] },
    ...{ datastore: args.datastore, backup },
    startDeadline: args.startDeadline ?? startDeadline.default,
    stopGrace: args.stopGrace ?? agentTimers.stopGrace.default,
    allowDowngrade: args.allowDowngrade ?? false,
    discardWritesOf: args.discardWritesOf,
  };
}
