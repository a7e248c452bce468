import { readFileSync } from "node:fs";
import type { Page } from "../domain/page";
import { keyFile, knownHostsFile, recordFile } from "../providers/vagrant/folder";
import { checkSettingsFile } from "../settings/file";
import { serviceOf } from "../workloads/answers";
import { answers as rancherAnswers } from "../workloads/rancher/pages";
import type { RecordedMachine, StackState } from "./state";

/** A node as the stack's outputs have it (components/observe.ts): how to log in. */
export interface KnownNode {
  name: string;
  address: string;
  /** Where its SSH server answers; default: `address`. */
  host?: string;
  user: string;
  port: number;
  keyFile: string;
  knownHostsFile: string;
  hostKey: string;
}

/** A floating IP that moves by itself, as the stack's outputs have it. */
export interface KnownVip {
  name: string;
  vip: string;
  url: string;
  answers: Page;
}

export interface KnownStack {
  vip: string;
  url: string;
  /** What the service answers there. */
  answers: Page;
  nodes: KnownNode[];
  /** Rancher's; hidden, and undefined with another workload. */
  bootstrapPassword?: string;
  /** With `workload: address` each VIP: then there is no service with a lease. */
  vips?: KnownVip[];
  /** Seconds that the settings promise; undefined before the first `up` has come to its end. */
  takeover?: { crash: number; planned: number };
}

/** How to log in to a machine, from its folder. Its host key is not known before its first boot is over. */
function knownMachine({ name, address, sshPort, directory }: RecordedMachine): KnownNode {
  let hostKey = "";
  try {
    hostKey = (JSON.parse(readFileSync(recordFile(directory), "utf8")) as { hostKey: string }).hostKey;
  } catch {
    // The folder does not exist (yet); the attempt to log in reports that.
  }
  return {
    ...{ name, address, user: "vagrant", port: sshPort, hostKey },
    keyFile: keyFile(directory),
    knownHostsFile: knownHostsFile(directory),
  };
}

/**
 * What can be measured of a stack: from its outputs, or, as long as no `up` has come to its end, from its machines and
 * settings. The outputs come first, since the settings may have changed since the last `up`.
 *
 * @returns undefined if there is nothing to measure
 */
export function knownStack({ outputs, machines }: StackState, settingsFile: string): KnownStack | undefined {
  if (typeof outputs.url === "string" && Array.isArray(outputs.nodes))
    // Stacks of former versions do not say it, and are Rancher's.
    return { answers: rancherAnswers, ...outputs } as unknown as KnownStack;
  if (machines.length === 0) return undefined;
  const settings = checkSettingsFile(settingsFile);
  return { vip: settings.vip.address, ...serviceOf(settings), nodes: machines.map(knownMachine) };
}
