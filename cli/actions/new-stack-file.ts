import ipaddr from "ipaddr.js";
import { stringify } from "yaml";
import { namespace } from "../../settings";

/** The answers from which `new-stack` writes a file. */
export interface Answers {
  /** What stands behind the VIP; default: Rancher. */
  workload?: "rancher" | "address" | undefined;
  /** With `address`: what must answer on a node for it to have the VIP; undefined: nothing. */
  port?: number | undefined;
  /** Machines to be made, or existing hosts. */
  kind: "machines" | "hosts";
  /** With prefix. */
  vip: string;
  nodes: { name: string; address: string }[];
  /** Of machines; undefined: `auto`. */
  hypervisor?: string | undefined;
  box?: string | undefined;
  /** Of hosts. */
  user?: string | undefined;
  keyFile?: string | undefined;
}

const head = {
  machines: "Machines that `npm run up` makes and `npm run down` removes.",
  hosts: "Existing hosts: docs/hosts.md says what they need, and what is changed on them.",
};

/** The text of a Pulumi.<stack>.yaml. */
export function stackFileText(stack: string, answers: Answers): string {
  const { kind, vip, nodes, hypervisor, box, user, keyFile, workload, port } = answers;
  const checks = port === undefined ? [] : [{ tcp: port }];
  const settings = {
    vip,
    nodes: nodes.map((node) => (kind === "hosts" ? { ...node, host: { user, keyFile } } : node)),
    hypervisor,
    box,
    ...(workload === "address" ? { workload, address: { vips: [{ name: "main", checks }] } } : {}),
  };
  const given = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [[`${namespace}:${name}`, value]],
  );
  return [
    "# yaml-language-server: $schema=./settings/stack.schema.json",
    `# The stack ${stack}. ${head[kind]}`,
    stringify({ config: Object.fromEntries(given) }, { lineWidth: 0 }),
  ].join("\n");
}

/** Parses a node from a command line: `one=192.168.56.11`. */
export function parseNode(text: string): { name: string; address: string } {
  const [, name = "", address = ""] = /^([^=]*)=(.*)$/.exec(text.trim()) ?? [];
  if (!name || !address)
    throw new Error(
      `a node is given as NAME=ADDRESS, such as rancher-1=192.168.56.11, not ${JSON.stringify(text)}`,
    );
  return { name, address };
}

/** The network of suggested addresses: VirtualBox allows it for host-only networks, and the lab uses it. */
const network = ipaddr.IPv4.parseCIDR("192.168.56.0/24");
const step = 10;

export interface Suggestion {
  vip: string;
  nodes: { name: string; address: string }[];
}

/**
 * Suggests a free VIP and free addresses for a stack's nodes.
 *
 * @param taken addresses of other stacks, without prefix
 * @returns undefined if not enough addresses are free
 */
export function suggest(stack: string, count: number, taken: ReadonlySet<string>): Suggestion | undefined {
  const [base, prefix] = network;
  const address = (last: number): string => [...base.octets.slice(0, 3), last].join(".");
  for (let first = step; first + count < 255; first += step) {
    const addresses = Array.from({ length: count + 1 }, (_, i) => address(first + i));
    if (addresses.some((each) => taken.has(each))) continue;
    const [vip = "", ...others] = addresses;
    return {
      vip: `${vip}/${prefix}`,
      nodes: others.map((each, i) => ({
        name: `${
          stack
            .toLowerCase()
            .replace(/[^a-z0-9]+/g, "-")
            .replace(/^-+|-+$/g, "") || "node"
        }-${i + 1}`,
        address: each,
      })),
    };
  }
  return undefined;
}
