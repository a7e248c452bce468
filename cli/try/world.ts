import { once } from "node:events";
import { completeSpec } from "../../domain/vrrp";
import { Rig, rigVip } from "../../drill/rig/rig";
import { relay } from "../../local/relay";
import type { AddressVip } from "../../workloads/address";
import { addressConfiguration } from "../../workloads/address/agent-configuration";
import { floatingIpOf } from "../../workloads/address/floating-ip";
import { pageServer } from "../page/server";
import { watchSeen } from "../page/source";
import { servicePort, TryNode } from "./node";
import { TryOrders } from "./orders";
import { withoutCommands } from "./words";

/*
 * The inside of `npm run try`, a program of its own in namespaces of its own: two nodes, and the page that looks at them from the
 * place of a client of theirs. It listens on two sockets of the machine's loopback that it was given, and has no other way out.
 */

/** Descriptors of the sockets, from the place of whoever starts it: of the page, and of what leads to the VIP. */
const given = { page: 3, service: 4 };

const names = ["node-a", "node-b"] as const;

const vips: AddressVip[] = [{ name: "web", vip: rigVip, checks: [{ http: { port: servicePort } }] }];

/** Nothing here may have real-time priority. */
const spec = completeSpec(floatingIpOf({ vips, floatingIp: { realTimePriority: 0 } }));

function startedNodes(rig: Rig): TryNode[] {
  return rig.nodes.map((node) => {
    node.configure(rig.conf(node, spec), rig.facts(node, spec));
    const { name, address } = node.vrrp;
    const peers = names.filter((other) => other !== name);
    const made = new TryNode(node);
    made.start(addressConfiguration({ node: name, peers, address, vips, first: names[0], times: {} }));
    return made;
  });
}

/** @param url where people find the service */
async function main(url: string): Promise<void> {
  const rig = await Rig.make({
    nodes: names.map((name, i) => ({ name, address: `192.168.56.${11 + i}`, priority: 150 - 10 * i })),
    client: "this process",
  });
  const nodes = startedNodes(rig);
  const behind = `http://${rigVip.address}:${servicePort}`;
  const seen = {
    ...{ stack: "try", vip: rigVip.address, url, nodes, begun: Date.now() },
    inWords: withoutCommands,
    service: { url: behind, answers: { path: "/" } },
  };
  await relay({ fd: given.service }, { host: rigVip.address, port: servicePort });
  const page = pageServer({ watch: watchSeen(seen), orders: new TryOrders(rig, nodes) });
  page.server.listen({ fd: given.page });
  await once(page.server, "listening");
  process.stdout.write(`${page.token}\n`);
}

// Ends with whoever started it, and all that is in the namespaces with it.
process.stdin.on("end", () => process.exit()).resume();
main(process.argv[2] ?? "").catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});
