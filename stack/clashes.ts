import ipaddr from "ipaddr.js";
import { type Mistake, mistake } from "../domain/mistake";
import { type Settings, SettingsError } from "../settings";
import { type Claim, claimsOfSettings, contested } from "./claims";

/** Another stack that is up, as far as it can clash with ours. */
export interface OtherStack {
  stack: string;
  /** What it has, as its state says. */
  claims: Claim[];
  /** As its file here says; undefined if there is none, or it is wrong: its own `up` says that. */
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
 * Two stacks may share a network if it is the same for both. The same router id is no clash then, since with unicast
 * each node hears its own peers alone (keepalived.conf(5)), unless adverts go to everybody.
 */
function networkClashes(settings: Settings, stack: string, theirs: Settings): Mistake[] {
  if (!overlap(settings, theirs)) return [];
  const mistakes: Mistake[] = [];
  if (shown(settings) !== shown(theirs) && hasMachines(settings) && hasMachines(theirs))
    mistakes.push({
      path: "subnet",
      subject: `the nodes' network (${shown(settings)}, of \`subnet\` or \`vip\`)`,
      rule: `overlaps that of the stack \`${stack}\` (${shown(theirs)})`,
      wayOut: "use the very same, or another one",
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

/** Of what must be one's own, what is one's own on this machine, wherever the stack's nodes are. */
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
