import ipaddr from "ipaddr.js";
import type { Settings } from "../settings";

/** Another stack that is up, as far as it can clash with ours. */
export interface OtherStack {
  stack: string;
  settings: Settings;
}

const sameNetwork = (one: Settings, other: Settings): boolean => {
  const [left, right] = [one.subnet, other.subnet].map(
    ({ address, prefix }) => [ipaddr.parse(address), prefix] as const,
  );
  if (!left || !right) return false;
  const prefix = Math.min(left[1], right[1]);
  return left[0].match(right[0], prefix);
};

const addressesOf = ({ vip, furtherVips, nodes }: Settings): string[] => [
  ...[vip, ...furtherVips].map(({ address }) => address),
  ...nodes.map(({ address }) => address),
];

/**
 * What two stacks on one network must not share: addresses, and the router id where adverts go to everybody. With
 * unicast each node hears its own peers alone, so there the same id is no clash (keepalived.conf(5)).
 */
export function clashesWith(settings: Settings, others: OtherStack[]): string[] {
  return others
    .filter((other) => sameNetwork(settings, other.settings))
    .flatMap(({ stack, settings: theirs }) => {
      const taken = new Set(addressesOf(theirs));
      const mistakes = addressesOf(settings)
        .filter((address) => taken.has(address))
        .map((address) => `${address} is an address of the stack \`${stack}\`, too: choose another one`);
      const multicast = settings.keepalived.multicast || theirs.keepalived.multicast;
      if (multicast && settings.virtualRouterId === theirs.virtualRouterId)
        mistakes.push(
          `\`virtualRouterId\` (${theirs.virtualRouterId}) is that of the stack \`${stack}\` on the same network, and with \`keepalived.multicast\` they hear each other: choose another one`,
        );
      return mistakes;
    });
}
