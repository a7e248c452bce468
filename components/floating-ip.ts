import * as pulumi from "@pulumi/pulumi";
import { keepalivedConf } from "../domain/keepalived-conf";
import { minimumVersion } from "../domain/keepalived-version";
import { vipFacts } from "../domain/vip-facts";
import {
  completeSpec,
  type TakeoverBound,
  takeoverBound,
  type Vip,
  type VrrpOptions,
  vipsOf,
} from "../domain/vrrp";
import { type Hmac, type HmacMode, hmacKeyFile, hmacKeyId } from "../domain/vrrp-hmac";
import type { VrrpNode } from "../domain/vrrp-instances";
import { nodeFile } from "../providers/remote/script";
import { Configuration, Keepalived, Members } from "../providers/vip/keepalived";
import { Component } from "./component";
import type { Node } from "./node";
import {
  type Dependencies,
  type NodeDependencies,
  nodeChildName,
  nodeFiles,
  nodeOptions,
  nodePaths,
  programsOn,
  readingUnits,
  reloadUnits,
} from "./on-node";

/** The addresses that move, and how: all but `vip` have defaults that fit. */
export interface FloatingIpOptions extends VrrpOptions {
  /**
   * Signs the adverts (keepalived's `auth_hmac`): all nodes need keepalived 2.4.2. Default: they are not signed. On nodes that
   * run, `mode` goes from `receive-only` over `permissive` to `enforce` (default), an update for each.
   */
  authHmac?: { key: pulumi.Input<string>; mode?: HmacMode } | undefined;
}

/** What {@link FloatingIp} takes. */
export interface FloatingIpArgs extends FloatingIpOptions {
  nodes: Node[];
  /**
   * True if an agent on each node decides whether the node may have the VIP: without its word a node does not take it.
   * Default false: a node has the VIP as long as keepalived and what it tracks are well.
   */
  agentDecides?: boolean;
  /** What prepares a node's packages: keepalived is installed after it, since two installations exclude each other. */
  prepared?: NodeDependencies;
  /** What else must be on a node before keepalived runs there. */
  after?: NodeDependencies;
}

/** The VIP: keepalived on every node, which moves it between them. */
export class FloatingIp extends Component {
  /** The floating IP with its subnet's prefix. */
  readonly vip: Vip;
  /** Seconds that the VIP may be without a holder, as the settings promise. */
  readonly takeover: TakeoverBound;
  private readonly members: Members;
  private readonly configuration: Configuration;

  constructor(name: string, args: FloatingIpArgs, opts?: pulumi.ComponentResourceOptions) {
    super("FloatingIp", name, {}, opts);
    const { nodes, agentDecides = false, prepared, after, authHmac, ...options } = args;
    const spec = completeSpec(options);
    const signed = hmacOf(authHmac);
    this.vip = spec.vip;
    this.takeover = takeoverBound(
      spec,
      nodes.map((node) => node.priority),
    );
    const preferred = [...nodes].sort((a, b) => b.priority - a.priority);
    const keepalived = new Map(preferred.map((node) => [node, this.installOn(node, vipsOf(spec), args)]));
    const files = [...keepalived].map(([node, { version }]) =>
      pulumi
        .all([node.interface, version, signed, pulumi.all(nodes.map(vrrpNode))])
        .apply(([device, found, hmac, all]) => {
          const conf = {
            ...{ spec: hmac ? { ...spec, hmac } : spec, agentDecides, interface: device, version: found },
            node: all[nodes.indexOf(node)] as VrrpNode,
            peers: all.filter(({ name }) => name !== node.name),
          };
          return { content: keepalivedConf(conf), facts: vipFacts(conf) };
        }),
    );
    const byName = <T>(values: T[]): Record<string, T> =>
      Object.fromEntries(preferred.map(({ name }, i) => [name, values[i] as T]));
    const others = (spec.ownVips ?? []).slice(1).map(({ vip }) => vip.address);
    const members = {
      vip: spec.vip.address,
      ...(others.length > 0 ? { others } : {}),
      endpoints: byName(preferred.map(({ ssh }) => ssh)),
      order: preferred.map((node) => node.name),
    };
    this.members = new Members(this.childName("members"), members, { parent: this });
    const ready = preferred.flatMap(
      (node): Dependencies => [keepalived.get(node) as Keepalived, ...(after?.(node) ?? [])],
    );
    this.configuration = new Configuration(
      this.childName("keepalived-conf"),
      {
        ...members,
        contents: byName(files.map(({ content }) => content)),
        facts: byName(files.map(({ facts }) => facts)),
      },
      { ...this.childOptions("keepalived-conf"), dependsOn: [this.members, ...ready] },
    );
    this.registerOutputs({ vip: this.vip, takeover: this.takeover });
  }

  /** After this, nodes that leave the program have handed over. */
  handedOver(): Dependencies {
    return [this.members];
  }

  /** After this keepalived runs on all nodes. */
  running(): Dependencies {
    return [this.configuration];
  }

  private installOn(node: Node, vips: Vip[], args: FloatingIpArgs): Keepalived {
    const { prepared } = args;
    return new Keepalived(
      nodeChildName(this, node, "keepalived"),
      {
        ssh: node.ssh,
        minimumVersion,
        vips: vips.map(({ address, prefix }) => `${address}/${prefix}`),
      },
      // Deleted while its files are still there.
      nodeOptions("keepalived", node, this, [
        programsOn(node, this),
        ...(prepared?.(node) ?? []),
        this.filesOn(node, args),
      ]),
    );
  }

  /** What keepalived and its unit need on a node. */
  private filesOn(node: Node, { prepared, agentDecides = false, authHmac }: FloatingIpArgs): pulumi.Resource {
    const reload = readingUnits("systemctl daemon-reload");
    const unit = {
      [`${nodePaths.units}/keepalived.service.d/ha-rancher.conf`]: {
        content: nodeFile("keepalived/drop-in.conf"),
      },
      "/etc/needrestart/conf.d/ha-rancher.conf": { content: nodeFile("keepalived/needrestart.conf") },
    };
    return nodeFiles(
      "keepalived-files",
      node,
      this,
      {
        files: authHmac ? pulumi.secret(authHmac.key).apply((key) => ({ ...unit, ...keyFile(key) })) : unit,
        afterWrite: reloadUnits("keepalived"),
        // Where an agent is, the folder is of what prepares the node.
        afterDelete: agentDecides ? reload : `rm -rf ${nodePaths.config}; ${reload}`,
      },
      prepared?.(node),
    );
  }
}

/** The key as keepalived reads it, for root alone. */
const keyFile = (key: string) => ({
  [hmacKeyFile(hmacKeyId(key))]: { content: `${key}\n`, mode: "0600" },
});

/** What keepalived.conf says of the key: nothing that is secret. */
const hmacOf = (asked: FloatingIpOptions["authHmac"]): pulumi.Output<Hmac | undefined> =>
  pulumi.output(
    asked &&
      pulumi
        .unsecret(pulumi.output(asked.key))
        .apply((key) => ({ keyId: hmacKeyId(key), mode: asked.mode ?? "enforce" })),
  );

/** A node as keepalived's file names it. */
const vrrpNode = ({ name, address, address6, priority }: Node): pulumi.Output<VrrpNode> =>
  pulumi.output({ name, address, address6, priority });
