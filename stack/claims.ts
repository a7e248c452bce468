import { type Mistake, mistake } from "../domain/mistake";
import type { Settings } from "../settings";

/** Something that a stack has for itself alone. */
export interface Claim {
  kind: "address" | "host" | "port" | "directory";
  /** In the form in which claims are compared: an address without prefix, `host:port`, `8443/tcp`, an absolute path. */
  value: string;
  /** The setting with the claim; undefined for a claim that was read from a state. */
  setting?: string;
}

const plain = (address: string): string => address.replace(/\/.*/, "");

const portsFrom = (first: number | undefined, count = 1, protocol = "tcp"): string[] =>
  first === undefined ? [] : Array.from({ length: count }, (_, i) => `${first + i}/${protocol}`);

/**
 * The claims in a stack's settings. Defaults claim nothing: they are chosen so that they differ from those of other
 * stacks.
 */
export function claimsOfSettings({ vip, furtherVips, address, nodes, sharedDirectory }: Settings): Claim[] {
  return [
    { kind: "address", value: vip.address, setting: "vip" },
    ...furtherVips.map(
      ({ address }, i): Claim => ({ kind: "address", value: address, setting: `furtherVips[${i}]` }),
    ),
    ...address.vips.flatMap((each, i): Claim[] =>
      each.vip ? [{ kind: "address", value: plain(each.vip), setting: `address.vips[${i}].vip` }] : [],
    ),
    ...nodes.flatMap(({ address, host, machine }, i): Claim[] => [
      { kind: "address", value: address, setting: `nodes[${i}].address` },
      ...(host
        ? [
            {
              kind: "host" as const,
              value: `${host.address ?? address}:${host.port}`,
              setting: `nodes[${i}].host`,
            },
          ]
        : []),
      ...(machine?.ports ?? []).flatMap(({ host: first, count, protocol }, j) =>
        portsFrom(first, count, protocol).map((value) => ({
          kind: "port" as const,
          value,
          setting: `nodes[${i}].machine.ports[${j}].host`,
        })),
      ),
    ]),
    ...(sharedDirectory === undefined
      ? []
      : [{ kind: "directory" as const, value: sharedDirectory, setting: "sharedDirectory" }]),
  ];
}

/** The parts of a recorded resource that are read. None of them is certain to be there. */
interface Recorded {
  type: string;
  inputs?: Record<string, unknown>;
}

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).flatMap((each) =>
    typeof each === "string" && each ? [each] : [],
  );

const entries = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "object" && each !== null) : [];

const portOf = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 1 && value <= 65_535 ? value : undefined;

/** Reads the claims of each type of resource from its recorded inputs. */
const readers: Record<string, (inputs: Record<string, unknown>) => Claim[]> = {
  "pulumi-nodejs:dynamic/vagrant:Machine": ({ networks, ports }) => [
    ...entries(networks)
      .flatMap(({ address }) => texts(address))
      .map((address): Claim => ({ kind: "address", value: plain(address) })),
    ...entries(ports).flatMap(({ host, count, protocol }) =>
      portsFrom(portOf(host), portOf(count), typeof protocol === "string" ? protocol : undefined).map(
        (value): Claim => ({ kind: "port", value }),
      ),
    ),
  ],
  "pulumi-nodejs:dynamic/host:Host": ({ address, host, port, vips }) => [
    ...texts(host).map((value): Claim => ({ kind: "host", value: `${value}:${portOf(port) ?? 22}` })),
    ...[...texts(address), ...texts(vips)].map((value): Claim => ({ kind: "address", value: plain(value) })),
  ],
  "pulumi-nodejs:dynamic/vip:Keepalived": ({ vips }) =>
    texts(vips).map((value): Claim => ({ kind: "address", value: plain(value) })),
  "pulumi-nodejs:dynamic/nfs:Export": ({ directory }) =>
    texts(directory).map((value): Claim => ({ kind: "directory", value })),
};

/**
 * The claims of the resources in a state. They are known even if the stack's settings are not here, or were changed
 * since.
 */
export const claimsOfResources = (resources: readonly Recorded[]): Claim[] =>
  resources.flatMap(
    ({ type, inputs }) => (inputs && Object.hasOwn(readers, type) && readers[type]?.(inputs)) || [],
  );

const within = (inner: string, outer: string): boolean => inner === outer || inner.startsWith(`${outer}/`);

function meets(one: Claim, other: Claim): boolean {
  if (one.kind !== other.kind) return false;
  if (one.kind !== "directory") return one.value === other.value;
  return within(one.value, other.value) || within(other.value, one.value);
}

type Reason = (mine: string, theirs: string, stack: string) => [rule: string, wayOut: string];

const reasons: Record<Claim["kind"], Reason> = {
  address: (mine, _theirs, stack) => [
    `(${mine}) is an address of the stack \`${stack}\`, too`,
    "choose another one",
  ],
  host: (mine, _theirs, stack) => [
    `(${mine}) is a node of the stack \`${stack}\` already`,
    "choose another host",
  ],
  port: (mine, _theirs, stack) => [
    `(${mine}) is forwarded by the stack \`${stack}\` already`,
    "choose another port",
  ],
  directory: (mine, theirs, stack) => [
    `(${mine}) is${mine === theirs ? "" : ` in, or around, ${theirs},`} the shared directory of the stack \`${stack}\``,
    "two stacks on the same data destroy it, choose another one",
  ],
};

/** Our claims that another stack has already: one mistake for each setting. */
export function contested(own: Claim[], theirs: Claim[], stack: string): Mistake[] {
  const said = new Map<string, Mistake>();
  for (const mine of own) {
    const other = theirs.find((each) => meets(mine, each));
    if (other && mine.setting && !said.has(mine.setting))
      said.set(mine.setting, mistake(mine.setting, ...reasons[mine.kind](mine.value, other.value, stack)));
  }
  return [...said.values()];
}
