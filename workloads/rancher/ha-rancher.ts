import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../../components/checks";
import { Component } from "../../components/component";
import { type HaBaseArgs, type HaServiceOutputs, makeHaService } from "../../components/ha-service";
import type { NodeOutput } from "../../components/observe";
import type { Declared } from "../../domain/declared";
import { completeSpec, type TakeoverBound, type Vip, withPriorities } from "../../domain/vrrp";
import { Password } from "../../providers/password";
import { type RancherArgs, rancherMistakes, rancherWorkload } from "./workload";

/** What {@link HaRancher} takes. */
export interface HaRancherArgs extends Omit<HaBaseArgs, "dataDirectory"> {
  /** Where the active node has the shared data mounted: an absolute path; default `/rancher_data`. */
  dataDirectory?: string;
  /** Rancher itself; default: a pinned version on port 443. */
  rancher?: RancherArgs;
  /** What the stack is for, which decides how strictly the policies judge it; default `dev`. */
  environment?: Declared["environment"];
  /** The nodes' network, for the policies; default: the VIP's. */
  subnet?: Vip;
}

/**
 * A highly available Rancher behind a floating IP: nodes, shared storage, floating IP, Rancher's container, and the agents
 * that let one node run it.
 *
 * @example
 * const rancher = new HaRancher("rancher", {
 *   id: "my-rancher",
 *   nodes: [
 *     { name: "left", address: "192.168.56.41" },
 *     { name: "right", address: "192.168.56.42" },
 *   ],
 *   machines: { hypervisor: "libvirt", box: "debian/bookworm64", prefix: 24, directory: "/srv/machines", owner: "me/dev" },
 *   floatingIp: { vip: { address: "192.168.56.40", prefix: 24 } },
 *   storage: { kind: "host", address: "192.168.56.1", directory: "/srv/rancher" },
 * });
 */
export class HaRancher extends Component implements HaServiceOutputs {
  static readonly __pulumiType = "ha-rancher:components:HaRancher";

  readonly vip: string;
  readonly url: string;
  readonly currentMaster: pulumi.Output<string>;
  readonly vipHolders: pulumi.Output<string[]>;
  readonly nodes: pulumi.Output<NodeOutput[]>;
  readonly takeover: TakeoverBound;
  /** The password of Rancher's first login; secret. */
  readonly bootstrapPassword: pulumi.Output<string>;

  /** @throws pulumi.RunError with all mistakes of the arguments */
  constructor(name: string, args: HaRancherArgs, opts?: pulumi.ComponentResourceOptions) {
    const { rancher = {}, dataDirectory = "/rancher_data", protect = false } = args;
    const base = { ...args, dataDirectory };
    checkArgs(name, base, rancherMistakes(rancher));
    const about = declared(base);
    super("HaRancher", name, about, opts);
    const password = new Password(
      this.childName("bootstrap-password"),
      {},
      { ...this.childOptions("bootstrap-password"), protect },
    );
    const at = { vip: args.floatingIp.vip.address, dataDirectory };
    const workload = rancherWorkload(rancher, at, password.value);
    const made = makeHaService({ ...base, workload }, this);
    this.vip = made.vip;
    this.url = made.url;
    this.currentMaster = made.currentMaster;
    this.vipHolders = made.vipHolders;
    this.nodes = made.nodes;
    this.takeover = made.takeover;
    this.bootstrapPassword = pulumi.secret(password.value);
    // The nodes as declared: policies judge them in a first preview, too, when there is nothing to measure.
    this.registerOutputs({ ...made, bootstrapPassword: this.bootstrapPassword, nodes: about.nodes });
  }
}

/** What the component says about itself before anything is made. */
function declared(
  args: HaRancherArgs & { dataDirectory: string },
): pulumi.Inputs & { [key in keyof Declared]: unknown } {
  const { vip, furtherVips, virtualRouterId, advertInterval } = completeSpec(args.floatingIp);
  return {
    ...{ vip, furtherVips, virtualRouterId, advertInterval },
    subnet: args.subnet ?? vip,
    dataDirectory: args.dataDirectory,
    httpsPort: args.rancher?.httpsPort ?? 443,
    environment: args.environment ?? "dev",
    nodes: withPriorities(args.nodes).map(({ name, address, priority }) => ({ name, address, priority })),
  };
}
