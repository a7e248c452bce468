import ipaddr from "ipaddr.js";
import { parseDocument, stringify } from "yaml";
import { namespace } from "../../settings";
import { exampleText } from "./examples";

/** The answers from which `new-stack` writes a file. */
export interface Answers {
  /** What stands behind the VIP: `rancher`, `address`, or an example's name (examples.ts). */
  workload: string;
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

/** Workloads that need no example. */
export const plainWorkloads = ["rancher", "address"] as const;

/** Whether a workload is an example's. */
export const isExample = (workload: string): boolean => !plainWorkloads.some((each) => each === workload);

const head = {
  machines: "Machines that `npm run up` makes and `npm run down` removes.",
  hosts: "Existing hosts: docs/hosts.md says what they need, and what is changed on them.",
};

/** The text of a Pulumi.<stack>.yaml. */
export function stackFileText(stack: string, answers: Answers): string {
  const { workload, port, kind, vip, nodes, hypervisor, box, user, keyFile } = answers;
  const checks = port === undefined ? [] : [{ tcp: port }];
  const settings = {
    vip,
    nodes: nodes.map((node) => (kind === "hosts" ? { ...node, host: { user, keyFile } } : node)),
    hypervisor,
    box,
    ...(workload === "address" ? { workload, address: { vips: [{ name: "main", checks }] } } : {}),
  };
  const given = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [[`${namespace}:${name}`, value] as const],
  );
  return [
    "# yaml-language-server: $schema=./settings/stack.schema.json",
    `# The stack ${stack}. ${head[kind]}`,
    ...(isExample(workload)
      ? [`# What it runs is that of examples/${workload}/README.md.`, adapted(exampleText(workload), given)]
      : [stringify({ config: Object.fromEntries(given) }, { lineWidth: 0 })]),
  ].join("\n");
}

/** An example's file with other settings, and without what stands above them. */
function adapted(text: string, given: readonly (readonly [string, unknown])[]): string {
  const document = parseDocument(text.replace(/^(#.*\n)+/, ""));
  for (const [name, value] of given) document.setIn(["config", name], document.createNode(value));
  return document.toString({ lineWidth: 0 });
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
