import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings";
import { keepalivedConf, takeoverBound } from "./keepalived-conf";
import type { Node } from "./node";
import { guardFile, nodeCommand, nodeFiles, nodePaths, startUnits } from "./on-node";

export interface FloatingIpArgs {
  nodes: Node[];
  settings: Settings;
  /** What must be on a node before keepalived starts there. */
  after: (node: Node) => pulumi.Resource[];
}

/** The VIP: keepalived on every node, which moves it between them. */
export class FloatingIp extends pulumi.ComponentResource {
  /** Seconds that the VIP may be without a holder, as the settings promise. */
  readonly takeover: { crash: number; planned: number };
  private readonly running = new Map<string, pulumi.Resource>();

  constructor(name: string, args: FloatingIpArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:FloatingIp", name, {}, opts);
    const { nodes, settings } = args;
    this.takeover = takeoverBound(
      settings.advertInterval,
      nodes.map((node) => node.priority),
    );
    // One node at a time, the least preferred first: a bad change stops before it reaches the usual holder. The first
    // starts need not wait for each other.
    let previous: pulumi.Resource[] = [];
    for (const node of [...nodes].sort((a, b) => a.priority - b.priority)) {
      const configured = this.configureOn(node, args, previous);
      this.running.set(
        node.name,
        nodeCommand(
          "keepalived",
          node,
          this,
          { run: startUnits("keepalived"), undo: "systemctl disable --now keepalived" },
          [configured],
        ),
      );
      previous = [configured];
    }
    this.registerOutputs({});
  }

  /** The resource after which keepalived runs on a node. */
  on(node: Node): pulumi.Resource[] {
    const service = this.running.get(node.name);
    return service ? [service] : [];
  }

  private configureOn(node: Node, args: FloatingIpArgs, previous: pulumi.Resource[]): pulumi.Resource {
    const { settings, nodes } = args;
    const conf = node.interface.apply((device) =>
      keepalivedConf({
        node: node.name,
        address: node.address,
        interface: device,
        peers: nodes.filter((other) => other !== node).map((other) => other.address),
        vip: settings.vip,
        priority: node.priority,
        virtualRouterId: settings.virtualRouterId,
        advertInterval: settings.advertInterval,
      }),
    );
    return nodeFiles(
      "keepalived-files",
      node,
      this,
      {
        files: {
          [`${nodePaths.units}/keepalived.service.d/ha-rancher.conf`]: {
            content: guardFile("keepalived-drop-in.conf"),
          },
          "/etc/keepalived/keepalived.conf": { content: conf, check: "keepalived -t -f {}" },
        },
        // Reloads a running keepalived (it keeps the VIP) and starts none.
        afterWrite: `! systemctl --quiet is-active keepalived || { systemctl daemon-reload && systemctl reload keepalived; }`,
        afterDelete: "systemctl daemon-reload",
      },
      [...args.after(node), ...previous],
    );
  }
}
