import type { AddressVip, CheckAsked } from "./args";

/** What a node's agent is told where the floating IP is all there is. */
export interface AddressConfiguration {
  /** The node's name, unique in the stack. */
  node: string;
  /** Names of the other nodes. */
  peers: string[];
  /** The node's own address, where its checks are asked. */
  address: string;
  vips: AddressVip[];
  /** Name of the node of the highest priority. */
  first: string;
  /** Seconds; what is left out has the agent's default. */
  times: { holdOff?: number | undefined; startLimit?: number | undefined };
}

const milliseconds = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : Math.round(seconds * 1_000);

/** What is asked, in the agent's words. It asks at the node's own address what is said to be at 127.0.0.1. */
function questionOf({ http, tcp, unit, process, command }: CheckAsked): object {
  if (!http) return { ...(tcp === undefined ? {} : { tcp: `127.0.0.1:${tcp}` }), unit, process, command };
  const { port, path = "/", tls = false, status = [] } = http;
  const url = `${tls ? "https" : "http"}://127.0.0.1:${port}${path}`;
  return { url, ...(status.length > 0 ? { status } : {}) };
}

/** What is started with a VIP runs nowhere else: there is nothing to ask there. */
const isOnHolder = ({ onHolder, unit }: CheckAsked, units: readonly string[]): boolean =>
  onHolder ?? (unit !== undefined && units.includes(unit));

function vipOf({ name, vip, preferred, checks = [], units = [] }: AddressVip, node: string, first: string) {
  return {
    ...{ name, address: vip.address, preferred: (preferred ?? first) === node },
    checks: checks.map((check) => ({
      ...questionOf(check),
      ...{ weight: check.weight, rise: check.rise, fall: check.fall },
      ...{ every: milliseconds(check.every), timeout: milliseconds(check.timeout) },
      ...(isOnHolder(check, units) ? { onHolder: true } : {}),
    })),
    ...(units.length > 0 ? { units } : {}),
  };
}

/**
 * agent.json of a node, in the form that node/agent/address/configuration.py describes. The agent checks the values, and does
 * not start on wrong ones.
 */
export function addressConfiguration(values: AddressConfiguration): string {
  const { node, peers, address, vips, first, times } = values;
  const told = {
    workload: "address",
    ...{ node, peers, address },
    vips: vips.map((vip) => vipOf(vip, node, first)),
    timers: { holdOff: milliseconds(times.holdOff), startLimit: milliseconds(times.startLimit) },
  };
  return `${JSON.stringify(told, undefined, 2)}\n`;
}
