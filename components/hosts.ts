import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { dataHome } from "../local/paths";
import { Host } from "../providers/host";
import { type NodeSettings, type Settings, SettingsError } from "../settings";
import { keyMistakes, keyPath } from "../settings/key-files";
import { memoryFloorOf } from "../workloads/rancher/settings";
import type { Node } from "./node";

/** The nodes that existed before, one resource each. */
export class Hosts extends pulumi.ComponentResource {
  readonly nodes: Node[];

  constructor(name: string, settings: Settings, image: string, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:Hosts", name, {}, opts);
    const mistakes = keyMistakes(settings.nodes);
    if (mistakes.length > 0) throw new SettingsError(mistakes);
    this.nodes = settings.nodes.flatMap((node) =>
      node.host ? [this.nodeOf(node, node.host, settings, image)] : [],
    );
    this.registerOutputs({});
  }

  private nodeOf(
    { name, address, address6, priority }: NodeSettings,
    login: NonNullable<NodeSettings["host"]>,
    { vip, furtherVips, memoryFloor }: Settings,
    image: string,
  ): Node {
    const keyFile = login.keyFile === undefined ? undefined : keyPath(login.keyFile);
    const host = new Host(
      name,
      {
        ...{ name, address },
        vips: [vip, ...furtherVips].flatMap((each) => (each.address.includes(":") ? [] : [each.address])),
        host: login.address ?? address,
        port: login.port,
        user: login.user,
        privateKey: login.privateKey ?? readFileSync(keyFile ?? "", "utf8"),
        keyFile,
        hostKey: login.hostKey,
        memory: memoryFloorOf(memoryFloor, image),
        directory: join(dataHome(), "hosts", pulumi.getStack(), name),
      },
      { parent: this },
    );
    return {
      ...{ name, address, address6, priority },
      interface: host.interface,
      ssh: host.ssh,
      resource: host,
      endsWithResource: false,
    };
  }
}
