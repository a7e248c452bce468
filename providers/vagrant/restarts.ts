import { setTimeout as sleep } from "node:timers/promises";
import { callOf } from "../../local/called";
import { messageOf } from "../../local/errors";
import { inTurn } from "./turns";

/*
 * Machines that must restart, such as for more memory, do so one after the other, and the one that serves comes last and
 * hands over before. Pulumi changes independent resources at the same time, so they queue up here.
 */

/** How the service's agent on a machine stands. */
export interface Standing {
  /** Whether this machine has the right to run the service. */
  serves: boolean;
  /** Whether it could take over. */
  fit: boolean;
}

/** The service on a machine. Tests replace it. */
export interface Service {
  /** Undefined where nothing of the service is, or answers. */
  look(): Promise<Standing | undefined>;
  /** Returns when another machine may serve. */
  handOver(): Promise<void>;
  say(line: string): void;
}

/** Milliseconds. */
export interface RestartLimits {
  /** In which all machines of one update have come to the queue. */
  gather: number;
  /** In which a machine must be fit again after its restart. */
  fit: number;
  /** Between two looks. */
  interval: number;
}

const usual: RestartLimits = { gather: 2_000, fit: 300_000, interval: 2_000 };

/** How often a machine that serves lets others go first: each time all others that are there have had their turn. */
const patience = 10;

interface Queue {
  names: Set<string>;
  /** Why no other machine may restart. */
  broken?: string;
}

const queues = new Map<string, Queue>();

/**
 * Restarts a machine in its turn.
 *
 * @param group machines of one group restart one after the other
 * @param restart does it
 * @throws what `restart` throws; or, if nothing was done, why: the service cannot be handed over, or the machine before
 *   this one is not fit again
 */
export async function restartInTurn<T>(
  group: string,
  name: string,
  service: Service,
  restart: () => Promise<T>,
  limits = usual,
): Promise<T> {
  const queue = queues.get(group) ?? { names: new Set() };
  queues.set(group, queue.names.add(name) && queue);
  try {
    await sleep(limits.gather);
    for (let times = 0; ; times++) {
      const restarted = await inTurn(`restart-${group.replaceAll(/[^A-Za-z0-9.-]/g, "_")}`, async () => {
        if (queue.broken !== undefined)
          throw new Error(
            `${name} was not restarted, since ${queue.broken}; \`${callOf("up")}\` goes on with it`,
          );
        const before = await service.look();
        if (before?.serves && queue.names.size > 1 && times < patience) return undefined;
        return { value: await restartOne(name, before, queue, service, restart, limits) };
      });
      if (restarted) return restarted.value;
    }
  } finally {
    queue.names.delete(name);
    if (queue.names.size === 0) queues.delete(group);
  }
}

async function restartOne<T>(
  name: string,
  before: Standing | undefined,
  queue: Queue,
  service: Service,
  restart: () => Promise<T>,
  limits: RestartLimits,
): Promise<T> {
  if (before?.serves) {
    service.say("hands the service over before it restarts");
    await service.handOver().catch((error) => {
      throw new Error(
        `${name} was not restarted, since it serves and cannot hand over: ${messageOf(error)}; \`${callOf("status")}\` says which node could serve`,
      );
    });
  }
  let value: T;
  try {
    value = await restart();
  } catch (error) {
    queue.broken = `${name} could not be restarted`;
    throw error;
  }
  if (before?.serves || before?.fit) {
    const end = performance.now() + limits.fit;
    for (;;) {
      const now = await service.look();
      if (now?.fit || now?.serves) return value;
      if (performance.now() > end) break;
      await sleep(limits.interval);
    }
    // The machine itself is as it should be: the ones after it are not begun.
    queue.broken = `${name} is not fit to serve ${limits.fit / 1000} s after its restart`;
    service.say(`is not fit to serve after its restart; \`${callOf("status")}\` says why`);
  }
  return value;
}
