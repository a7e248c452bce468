import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../settings";
import type { Node } from "./node";
import { nodeOptions } from "./on-node";

/** The container's name on every node; the guard starts and stops it by this name. */
export const containerName = "rancher";

/** Seconds between SIGTERM and SIGKILL when the container is stopped; etcd wants to end by itself. */
const stopGrace = 30;

export interface RancherArgs {
  nodes: Node[];
  settings: Settings;
  image: string;
  bootstrapPassword: pulumi.Input<string>;
  /** What must be on a node before its container is made. */
  after: (node: Node) => pulumi.Resource[];
}

/**
 * Rancher's image and container on every node. The containers are made and never started here: which one runs is
 * the guards' decision alone, and Docker must not have an opinion (`restart: "no"`).
 */
export class Rancher extends pulumi.ComponentResource {
  private readonly containers = new Map<string, docker.Container>();

  constructor(name: string, args: RancherArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:Rancher", name, {}, opts);
    for (const node of args.nodes) this.containers.set(node.name, this.installOn(node, args));
    this.registerOutputs({});
  }

  /** The container on a node. */
  on(node: Node): pulumi.Resource[] {
    const container = this.containers.get(node.name);
    return container ? [container] : [];
  }

  private installOn(node: Node, args: RancherArgs): docker.Container {
    const provider = new docker.Provider(`${node.name}-docker`, dockerHost(node), { parent: this });
    const options = { ...nodeOptions(node, this, args.after(node)), provider };
    const image = new docker.RemoteImage(
      `${node.name}-image`,
      // Kept: the image outlives a replacement, and a failover must never have to pull.
      { name: args.image, keepLocally: true },
      options,
    );
    const { httpsPort, dataDirectory } = args.settings;
    return new docker.Container(
      `${node.name}-${containerName}`,
      {
        name: containerName,
        image: image.imageId,
        start: false,
        mustRun: false,
        restart: "no",
        // Rancher refuses to start without.
        privileged: true,
        destroyGraceSeconds: stopGrace,
        ports: [{ internal: 443, external: httpsPort }],
        envs: [pulumi.interpolate`CATTLE_BOOTSTRAP_PASSWORD=${args.bootstrapPassword}`],
        mounts: [
          // A mount, not a volume: a missing directory must be an error, not an empty directory.
          { type: "bind", source: dataDirectory, target: "/var/lib/rancher" },
          // containerd needs overlayfs, which does not work on NFS: this part stays on the node.
          { type: "volume", source: "rancher-agent", target: "/var/lib/rancher/k3s/agent" },
        ],
      },
      options,
    );
  }
}

/** Docker on the node over SSH. Nothing in it is secret: the key is named by its file. */
function dockerHost(node: Node): docker.ProviderArgs {
  const plain = pulumi.unsecret(node.ssh);
  return {
    host: plain.apply((ssh) => `ssh://${ssh.user}@${ssh.host}:${ssh.port}`),
    sshOpts: plain.apply((ssh) => [
      "-i",
      ssh.keyFile,
      ...[
        `UserKnownHostsFile=${ssh.knownHostsFile}`,
        // A machine that is being set up is busy, and an emulated one slow.
        "ConnectTimeout=20",
        "BatchMode=yes",
        // Without these a hung node blocks an operation for as long as it hangs.
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        "LogLevel=ERROR",
      ].flatMap((option) => ["-o", option]),
    ]),
  };
}
