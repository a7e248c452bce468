import * as pulumi from "@pulumi/pulumi";
import { checkArgs } from "../../components/checks";
import { Component } from "../../components/component";
import { declared, type HaBaseArgs, type HaServiceOutputs, makeHaService } from "../../components/ha-service";
import type { NodeOutput } from "../../components/observe";
import type { Page } from "../../domain/page";
import type { TakeoverBound } from "../../domain/vrrp";
import { Password } from "../../providers/password";
import { type RancherArgs, rancherMistakes, rancherWorkload } from "./workload";

/** What {@link HaRancher} takes. */
export interface HaRancherArgs extends Omit<HaBaseArgs, "dataDirectory"> {
  /** Where the active node has the shared data mounted: an absolute path; default `/rancher_data`. */
  dataDirectory?: string;
  /** Rancher itself; default: a pinned version on port 443. */
  rancher?: RancherArgs;
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
 *   machines: { hypervisor: "libvirt", ...debianBox(), prefix: 24, directory: "/srv/machines", owner: "me/dev" },
 *   floatingIp: { vip: { address: "192.168.56.40", prefix: 24 } },
 *   storage: { kind: "host", address: "192.168.56.1", directory: "/srv/rancher" },
 * });
 */
export class HaRancher extends Component implements HaServiceOutputs {
  static readonly __pulumiType = "ha-rancher:components:HaRancher";

  readonly vip: string;
  readonly url: string;
  readonly answers: Page;
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
    checkArgs(name, base, rancherMistakes(rancher, args.imageSources));
    const about = declared(base);
    // A stack may not become one of another workload: the release or the agents say so, if they are found.
    const others = ["HaService", "HaAddress"].map((type) => ({ type: `ha-rancher:components:${type}` }));
    const inputs = { ...about, httpsPort: rancher.httpsPort ?? 443 };
    super("HaRancher", name, inputs, pulumi.mergeOptions({ aliases: others }, opts));
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
    this.answers = made.answers;
    this.currentMaster = made.currentMaster;
    this.vipHolders = made.vipHolders;
    this.nodes = made.nodes;
    this.takeover = made.takeover;
    this.bootstrapPassword = pulumi.secret(password.value);
    // The nodes as declared: policies judge them in a first preview, too, when there is nothing to measure.
    this.registerOutputs({ ...made, bootstrapPassword: this.bootstrapPassword, nodes: about.nodes });
  }
}
