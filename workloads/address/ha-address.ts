import * as pulumi from "@pulumi/pulumi";
import { Agents } from "../../components/agents";
import { checkArgs } from "../../components/checks";
import { Component } from "../../components/component";
import { FloatingIp, type FloatingIpOptions } from "../../components/floating-ip";
import type { HaServiceOutputs } from "../../components/ha-service";
import type { Node } from "../../components/node";
import { makeNodes } from "../../components/nodes";
import type { NodeOutput } from "../../components/observe";
import type { Declared } from "../../domain/declared";
import type { Page } from "../../domain/page";
import { agentTimers, startDeadline } from "../../domain/timers";
import { completeSpec, type TakeoverBound, vipsOf, withPriorities } from "../../domain/vrrp";
import type { AddressVip, HaAddressArgs } from "./args";
import { askedAtVip } from "./asked";
import { floatingIpOf } from "./floating-ip";
import { addressMistakes } from "./mistakes";
import { observeVips, type VipOutput } from "./observe";
import { AddressSoftware } from "./software";

/** What floating IPs alone give: of the first one what every stack gives, and each of them. */
export interface HaAddressOutputs extends HaServiceOutputs {
  /** Each VIP, with the node that has it as measured. */
  vips: pulumi.Output<VipOutput[]>;
}

/**
 * Floating IPs for whatever runs on the nodes: keepalived, and an agent on each node that asks whether it is well. No Docker,
 * no NFS, no lease: what must not run twice, or writes shared data, is `HaService`'s.
 *
 * @example
 * const web = new HaAddress("web", {
 *   nodes: [
 *     { name: "left", address: "192.168.56.41", host: { user: "root", privateKey } },
 *     { name: "right", address: "192.168.56.42", host: { user: "root", privateKey } },
 *   ],
 *   hosts: { directory: "/srv/hosts", owner: "me/dev" },
 *   vips: [
 *     { name: "web", vip: { address: "192.168.56.40", prefix: 24 }, checks: [{ http: { port: 80 } }] },
 *     { name: "api", vip: { address: "192.168.56.50", prefix: 24 }, preferred: "right", checks: [{ tcp: 8080 }] },
 *   ],
 * });
 */
export class HaAddress extends Component implements HaAddressOutputs {
  static readonly __pulumiType = "ha-rancher:components:HaAddress";

  readonly vip: string;
  readonly url: string;
  readonly answers: Page;
  readonly currentMaster: pulumi.Output<string>;
  readonly vipHolders: pulumi.Output<string[]>;
  readonly nodes: pulumi.Output<NodeOutput[]>;
  readonly vips: pulumi.Output<VipOutput[]>;
  readonly takeover: TakeoverBound;

  /** @throws pulumi.RunError with all mistakes of the arguments */
  constructor(name: string, args: HaAddressArgs, opts?: pulumi.ComponentResourceOptions) {
    const floatingIp = floatingIpOf(args);
    checkArgs(name, { ...args, floatingIp }, addressMistakes(args));
    const about = declared(args, floatingIp);
    // A stack may not become one of another workload: its agents say so, if they are found.
    const others = ["HaRancher", "HaService"].map((type) => ({ type: `ha-rancher:components:${type}` }));
    super("HaAddress", name, about, pulumi.mergeOptions({ aliases: others }, opts));
    const { vips, startDeadline: deadline = startDeadline.default } = args;
    const { holdOff = agentTimers.holdOff.default, startLimit } = args;
    const nodes = makeNodes(
      { ...args, hosts: args.hosts && { ...args.hosts, service: false } },
      vipsOf(completeSpec(floatingIp)),
      this,
    );
    const software = new AddressSoftware(
      this.childName("software"),
      { nodes, agent: { vips, times: { holdOff, startLimit } }, stack: name, notify: args.notify },
      { parent: this },
    );
    const ip = new FloatingIp(
      this.childName("floating-ip"),
      {
        ...{ ...floatingIp, nodes, agentDecides: true },
        prepared: (node: Node) => software.prepared(node),
        after: (node: Node) => software.complete(node),
      },
      { parent: this },
    );
    const agents = new Agents(
      this.childName("agents"),
      {
        ...{ nodes, workload: "address" },
        source: (node) => software.agentSource(node),
        after: (node) => [...software.complete(node), ...ip.running()],
      },
      { parent: this },
    );
    const found = observeVips({ nodes, vips, deadline, after: agents.started });
    const { url, page } = askedAtVip(vips[0] as AddressVip);
    this.vip = ip.vip.address;
    this.url = url;
    this.answers = page;
    this.takeover = ip.takeover;
    this.currentMaster = found.currentMaster;
    this.vipHolders = found.vipHolders;
    this.nodes = found.nodes;
    this.vips = found.vips;
    this.registerOutputs({
      ...{ vip: this.vip, url, answers: page, takeover: this.takeover, nodes: about.nodes },
      ...{ currentMaster: this.currentMaster, vipHolders: this.vipHolders, vips: this.vips },
    });
  }
}

/** What it says about itself before anything is made: policies judge it in a first preview, too. */
function declared(
  args: HaAddressArgs,
  floatingIp: FloatingIpOptions,
): pulumi.Inputs & { [key in keyof Omit<Declared, "dataDirectory">]: unknown } {
  const spec = completeSpec(floatingIp);
  return {
    ...{ vip: spec.vip, furtherVips: vipsOf(spec).slice(1) },
    ...{ virtualRouterId: spec.virtualRouterId, advertInterval: spec.advertInterval },
    subnet: args.subnet ?? spec.vip,
    environment: args.environment ?? "dev",
    nodes: withPriorities(args.nodes).map(({ name, address, priority }) => ({ name, address, priority })),
  };
}
