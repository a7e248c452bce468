import * as pulumi from "@pulumi/pulumi";
import { keepalivedConf } from "../domain/keepalived-conf";
import { minimumVersion } from "../domain/keepalived-version";
import { type TakeoverBound, takeoverBound } from "../domain/vrrp";
import { nodeFile } from "../providers/remote/script";
import { Configuration, Keepalived } from "../providers/vip/keepalived";
import type { Settings } from "../settings";
import { vrrpSpec } from "../settings/floating-ip";
import type { Node } from "./node";
import { nodeFiles, nodeOptions, nodePaths, programsOn, readingUnits, reloadUnits } from "./on-node";

export interface FloatingIpArgs {
  nodes: Node[];
  settings: Settings;
  /** What must be on a node before keepalived starts there. */
  after: (node: Node) => pulumi.Resource[];
}

/** The VIP: keepalived on every node, which moves it between them. */
export class FloatingIp extends pulumi.ComponentResource {
  /** Seconds that the VIP may be without a holder, as the settings promise. */
  readonly takeover: TakeoverBound;
  private readonly running: pulumi.Resource;

  constructor(name: string, args: FloatingIpArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:FloatingIp", name, {}, opts);
    const { nodes, settings } = args;
    const spec = vrrpSpec(settings);
    this.takeover = takeoverBound(
      spec,
      nodes.map((node) => node.priority),
    );
    const installed = nodes.map((node) => ({ node, keepalived: this.installOn(node, args) }));
    const preferred = [...installed].sort((a, b) => b.node.priority - a.node.priority);
    const contents = preferred.map(({ node, keepalived }) =>
      pulumi.all([node.interface, keepalived.version]).apply(([device, version]) =>
        keepalivedConf({
          ...{ spec, node, interface: device, version },
          peers: nodes.filter((other) => other !== node),
        }),
      ),
    );
    const byName = <T>(values: T[]): Record<string, T> =>
      Object.fromEntries(preferred.map(({ node }, i) => [node.name, values[i] as T]));
    this.running = new Configuration(
      "keepalived-conf",
      {
        vip: settings.vip.address,
        endpoints: byName(preferred.map(({ node }) => node.ssh)),
        contents: byName(contents),
        order: preferred.map(({ node }) => node.name),
      },
      {
        parent: this,
        dependsOn: installed.flatMap(({ node, keepalived }) => [keepalived, ...args.after(node)]),
      },
    );
    this.registerOutputs({});
  }

  /** The resource after which keepalived runs on a node. */
  on(_node: Node): pulumi.Resource[] {
    return [this.running];
  }

  private installOn(node: Node, args: FloatingIpArgs): Keepalived {
    const { settings, after } = args;
    const { vip, furtherVips } = settings;
    return new Keepalived(
      `${node.name}-keepalived`,
      {
        ssh: node.ssh,
        minimumVersion,
        vips: [vip, ...furtherVips].map(({ address, prefix }) => `${address}/${prefix}`),
      },
      // Not side by side with other packages' installation, and deleted while its files are still there.
      nodeOptions(node, this, [programsOn(node, this), ...after(node).slice(0, 1), this.filesOn(node, args)]),
    );
  }

  /** What keepalived's unit needs on a node. */
  private filesOn(node: Node, { after }: FloatingIpArgs): pulumi.Resource {
    return nodeFiles(
      "keepalived-files",
      node,
      this,
      {
        files: {
          [`${nodePaths.units}/keepalived.service.d/ha-rancher.conf`]: {
            content: nodeFile("keepalived/drop-in.conf"),
          },
        },
        afterWrite: reloadUnits("keepalived"),
        afterDelete: readingUnits("systemctl daemon-reload"),
      },
      after(node).slice(0, 1),
    );
  }
}
