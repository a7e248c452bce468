import ipaddr from "ipaddr.js";
import { type Mistake, mistake } from "../domain/mistake";
import { type Settings, SettingsError } from "../settings";
import { type Claim, claimsOfSettings, contested } from "./claims";

/** The parts of another stack that can clash with ours. */
export interface OtherStack {
  stack: string;
  /** Its claims, from its state. */
  claims: Claim[];
  /** From its file here; undefined if there is none, or if it has mistakes, which its own `up` reports. */
  settings?: Settings | undefined;
  /** Whether it is on the same networks as ours: in the same lab, or on this machine's own. */
  near: boolean;
}

const networkOf = ({ subnet }: Settings): [ipaddr.IPv4, number] => [
  ipaddr.IPv4.parse(subnet.address),
  subnet.prefix,
];

function overlap(one: Settings, other: Settings): boolean {
  const [[left, leftPrefix], [right, rightPrefix]] = [networkOf(one), networkOf(other)];
  return left.match(right, Math.min(leftPrefix, rightPrefix));
}

const shown = ({ subnet }: Settings): string => `${subnet.address}/${subnet.prefix}`;

const hasMachines = ({ nodes }: Settings): boolean => nodes.some(({ host }) => !host);

/**
 * Two stacks may share a network if it is the same for both. They may then have the same router id: with unicast each
 * node hears only its own peers (keepalived.conf(5)). With multicast adverts the same router id is a clash.
 */
function networkClashes(settings: Settings, stack: string, theirs: Settings): Mistake[] {
  if (!overlap(settings, theirs)) return [];
  const mistakes: Mistake[] = [];
  if (shown(settings) !== shown(theirs) && hasMachines(settings) && hasMachines(theirs))
    mistakes.push({
      path: "subnet",
      subject: `the nodes' network (${shown(settings)}, of \`subnet\` or \`vip\`)`,
      rule: `overlaps that of the stack \`${stack}\` (${shown(theirs)})`,
      wayOut: "use exactly the same network, or one that does not overlap it",
    });
  const multicast = settings.keepalived.multicast || theirs.keepalived.multicast;
  if (multicast && settings.virtualRouterId === theirs.virtualRouterId)
    mistakes.push(
      mistake(
        "virtualRouterId",
        `(${theirs.virtualRouterId}) is that of the stack \`${stack}\` on the same network, and with \`keepalived.multicast\` they hear each other`,
        "choose another one",
      ),
    );
  return mistakes;
}

/** Kinds of claims that clash even if the nodes of the stacks are on different networks. */
const everywhere: Claim["kind"][] = ["directory", "host"];

/** What two stacks must not share: addresses, hosts, ports, directories, networks that overlap, router ids. */
export function clashesWith(settings: Settings, others: OtherStack[]): Mistake[] {
  const own = claimsOfSettings(settings);
  return others.flatMap(({ stack, claims, settings: theirs, near }) => {
    const all = [...claims, ...(theirs ? claimsOfSettings(theirs) : [])];
    const relevant = near ? all : all.filter(({ kind }) => everywhere.includes(kind));
    return [
      ...contested(own, relevant, stack),
      ...(near && theirs ? networkClashes(settings, stack, theirs) : []),
    ];
  });
}

/** @throws SettingsError with all of them */
export function refuseClashes(settings: Settings, others: OtherStack[]): void {
  const mistakes = clashesWith(settings, others);
  if (mistakes.length > 0) throw new SettingsError(mistakes);
}
