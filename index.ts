import * as pulumi from "@pulumi/pulumi";
import { HaRancher } from "./components";
import { assertFresh } from "./local/toolchain/freshness";
import { namespace, parseSettings } from "./settings";

// Pulumi has every stack trace rewritten by the source maps of what runs. That costs half a second, since it takes one
// for each promise, and its paths (`node_modules/@pulumi/output.ts`) send Node 20.20 into an endless loop when it
// prints them (util's markNodeModules).
delete (Error as Partial<ErrorConstructor>).prepareStackTrace;

function rawSettings(): Record<string, string> {
  const prefix = `${namespace}:`;
  return Object.fromEntries(
    Object.entries(pulumi.runtime.allConfig())
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

function makeStack(): HaRancher {
  try {
    assertFresh();
    return new HaRancher("ha-rancher", parseSettings(rawSettings()));
  } catch (error) {
    // The message says all there is to know; a stack trace would only hide it.
    throw error instanceof Error ? new pulumi.RunError(error.message) : error;
  }
}

const stack = makeStack();

/** The floating IP, and where Rancher answers on it. */
export const vip = stack.vip;
export const url = stack.url;
/** Which node has the VIP, as measured; all that have it; every node. */
export const currentMaster = stack.currentMaster;
export const vipHolders = stack.vipHolders;
export const nodes = stack.nodes;
/** For Rancher's first login. */
export const bootstrapPassword = stack.bootstrapPassword;
/** Seconds without a holder that the settings promise at most, after a crash and in a planned move. */
export const takeover = stack.takeover;
