import * as pulumi from "@pulumi/pulumi";
import { HaRancher as Whole } from "../workloads/rancher";
import type { HaRancherArgs } from "./args";
import { argsOf } from "./args-of";

/**
 * A highly available Rancher behind a floating IP: nodes, shared storage, floating IP, Rancher's container, and the agents
 * that let one node run it.
 */
export class HaRancher extends pulumi.ComponentResource {
  /** The floating IP, without prefix. */
  readonly vip: pulumi.Output<string>;
  /** Where Rancher answers on it. */
  readonly url: pulumi.Output<string>;
  /** Who has the VIP, measured at every `up`; `none` or `several (...)` if there is not exactly one. */
  readonly currentMaster: pulumi.Output<string>;
  /** All nodes that have the VIP, as measured. */
  readonly vipHolders: pulumi.Output<string[]>;
  /** The password of Rancher's first login; secret. */
  readonly bootstrapPassword: pulumi.Output<string>;

  /** @throws pulumi.RunError with all mistakes of the arguments */
  constructor(name: string, args: HaRancherArgs, opts?: pulumi.ComponentResourceOptions) {
    const given = argsOf(name, args);
    super("ha-rancher:index:HaRancher", name, {}, opts);
    const made = new Whole(name, given, { parent: this });
    this.vip = pulumi.output(made.vip);
    this.url = pulumi.output(made.url);
    this.currentMaster = made.currentMaster;
    this.vipHolders = made.vipHolders;
    this.bootstrapPassword = made.bootstrapPassword;
    this.registerOutputs(this.outputs());
  }

  /** What the program that uses it gets. */
  outputs(): pulumi.Inputs {
    const { vip, url, currentMaster, vipHolders, bootstrapPassword } = this;
    return { vip, url, currentMaster, vipHolders, bootstrapPassword };
  }
}
