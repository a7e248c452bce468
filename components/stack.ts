import * as pulumi from "@pulumi/pulumi";
import { currentLab } from "../lab/description";
import { Password } from "../providers/password";
import type { Settings } from "../settings";
import { serverUrl } from "../workloads/rancher/container";
import { Rancher } from "../workloads/rancher/rancher";
import { Backups } from "./backups";
import { declared } from "./declared";
import { FloatingIp } from "./floating-ip";
import { Guards } from "./guards";
import { NodeSoftware } from "./node-software";
import { makeNodes } from "./nodes";
import { type NodeOutput, observe } from "./observe";
import { choosePlace } from "./place";
import { SharedStorage } from "./shared-storage";

/** The whole: nodes, shared storage, floating IP, Rancher, and the guards that let one node run it. */
export class HaRancher extends pulumi.ComponentResource {
  readonly vip: string;
  readonly url: string;
  /** Measured at every `up`; `none` or `several (...)` if there is not exactly one. */
  readonly currentMaster: pulumi.Output<string>;
  readonly vipHolders: pulumi.Output<string[]>;
  readonly nodes: pulumi.Output<NodeOutput[]>;
  /** The password of Rancher's first login; secret. */
  readonly bootstrapPassword: pulumi.Output<string>;
  /** Seconds that the VIP may be without a holder. */
  readonly takeover: { crash: number; planned: number };

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    const stack = pulumi.getStack();
    const about = declared(settings, stack);
    super("ha-rancher:components:HaRancher", name, about, opts);
    const parent = { parent: this };
    // What holds data: one wrong setting would replace it.
    const protect = about.environment === "prod";
    const id = `${pulumi.getProject()}-${stack}`;
    const sentinel = `shared data of ${id}`;
    const place = choosePlace(settings, currentLab(), stack);

    const nodes = makeNodes(settings, place, parent);
    const password = new Password("bootstrap-password", {}, { ...parent, protect });
    const software = new NodeSoftware("software", { nodes, settings, id, sentinel }, parent);
    const storage = new SharedStorage(
      "storage",
      { nodes, settings, place, id, sentinel, protect, after: (node) => software.on(node) },
      parent,
    );
    const floatingIp = new FloatingIp(
      "floating-ip",
      { nodes, settings, after: (node) => software.on(node) },
      parent,
    );
    const rancher = new Rancher(
      "rancher",
      {
        nodes,
        settings,
        image: place.image,
        bootstrapPassword: password.value,
        after: (node) => software.on(node).slice(0, 1),
        beforeStart: (node) => [...software.on(node), ...storage.on(node), ...floatingIp.on(node)],
      },
      parent,
    );
    const { schedule } = settings.backup;
    if (schedule !== undefined)
      new Backups("backups", { nodes, settings, schedule, after: (node) => software.on(node) }, parent);
    const guards = new Guards(
      "guards",
      {
        nodes,
        source: (node) => software.guardSource(node),
        after: (node) => [...storage.on(node), ...floatingIp.on(node), ...rancher.released()],
      },
      parent,
    );

    this.vip = settings.vip.address;
    this.url = serverUrl(this.vip, settings.httpsPort);
    this.takeover = floatingIp.takeover;
    this.bootstrapPassword = pulumi.secret(password.value);
    const found = observe({ nodes, settings, url: this.url, after: guards.started });
    this.currentMaster = found.currentMaster;
    this.vipHolders = found.vipHolders;
    this.nodes = found.nodes;
    this.registerOutputs({ nodes: about.nodes });
  }
}
