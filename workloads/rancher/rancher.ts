import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../../components/node";
import { nodeFiles, nodeOptions } from "../../components/on-node";
import { registryOf } from "../../domain/image";
import { DaemonSettings, ImageArchive } from "../../providers/docker";
import { Release } from "../../providers/release";
import { openSshOptions } from "../../providers/remote/endpoint";
import type { Settings } from "../../settings";
import { type ContainerPlan, planContainer, serverUrl } from "./container";

export interface RancherArgs {
  nodes: Node[];
  settings: Settings;
  image: string;
  bootstrapPassword: pulumi.Input<string>;
  /** What must be on a node before its container is made. */
  after: (node: Node) => pulumi.Resource[];
  /** What else must be on it before a guard is told to run the container. */
  beforeStart: (node: Node) => pulumi.Resource[];
}

/**
 * Rancher's image and container on every node, and which container the guards run. Containers are made and never
 * started here: where one runs is the guards' decision alone, and Docker must not have an opinion (`restart: "no"`).
 *
 * Whatever needs another container makes one beside the old one: the names of both have a fingerprint of what they
 * were made from. The {@link Release} then moves the service, and only when the new one serves Pulumi removes the old.
 */
export class Rancher extends pulumi.ComponentResource {
  private readonly release: Release;

  constructor(name: string, args: RancherArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:Rancher", name, {}, opts);
    const { nodes, settings, image, beforeStart } = args;
    const plan = planContainer(settings, image);
    const containers = nodes.map((node) => this.installOn(node, plan, args));
    this.release = new Release(
      "release",
      {
        endpoints: Object.fromEntries(nodes.map((node) => [node.name, node.ssh])),
        container: plan.name,
        image,
        url: serverUrl(settings.vip.address, settings.httpsPort),
        startDeadline: settings.startDeadline,
        allowDowngrade: settings.allowDowngrade,
      },
      { parent: this, dependsOn: [...containers, ...nodes.flatMap(beforeStart)] },
    );
    this.registerOutputs({});
  }

  /** After this the guards know their container. */
  released(): pulumi.Resource[] {
    return [this.release];
  }

  /** What must be there so that the image is found: registries to ask, or the image itself. */
  private bringImage(node: Node, plan: ContainerPlan, { settings, after }: RancherArgs): pulumi.Resource[] {
    const { registryMirrors, imageArchive } = settings;
    const options = nodeOptions(node, this, after(node));
    const mirrors = registryMirrors.length
      ? [
          new DaemonSettings(
            `${node.name}-docker-settings`,
            { ssh: node.ssh, lists: { "registry-mirrors": registryMirrors } },
            options,
          ),
        ]
      : [];
    const archives = imageArchive
      ? [
          new ImageArchive(
            `${node.name}-image-archive`,
            { ssh: node.ssh, image: plan.image, ...imageArchive },
            options,
          ),
        ]
      : [];
    return [...mirrors, ...archives];
  }

  private installOn(node: Node, plan: ContainerPlan, args: RancherArgs): docker.Container {
    const provider = new docker.Provider(`${node.name}-docker`, dockerHost(node, args), { parent: this });
    const options = { ...nodeOptions(node, this, args.after(node)), provider };
    const brought = this.bringImage(node, plan, args);
    const image = new docker.RemoteImage(
      `${node.name}-image`,
      // Kept: the image outlives a replacement, and a failover must never have to pull.
      { name: plan.image, keepLocally: true },
      { ...nodeOptions(node, this, [...args.after(node), ...brought]), provider },
    );
    const files = Object.entries(plan.files);
    const secrets = files.length
      ? [
          nodeFiles(
            `${plan.name}-tls`,
            node,
            this,
            {
              files: Object.fromEntries(
                files.map(([path, content]) => [path, { content: pulumi.secret(content), mode: "0600" }]),
              ),
            },
            args.after(node),
          ),
        ]
      : [];
    const volumes = plan.mounts.filter(({ type }) => type === "volume");
    const kept = volumes.map(
      ({ source }) => new docker.Volume(`${node.name}-${source}`, { name: source }, options),
    );
    return new docker.Container(
      `${node.name}-${plan.name}`,
      {
        name: plan.name,
        image: image.imageId,
        start: false,
        mustRun: false,
        restart: "no",
        // Rancher refuses to start without.
        privileged: true,
        destroyGraceSeconds: args.settings.guard.stopGrace,
        ports: plan.ports,
        envs: environment(plan, args.bootstrapPassword),
        labels: plan.labels,
        mounts: plan.mounts,
        ...(plan.volumes.length && { volumes: plan.volumes }),
        ...(plan.command.length && { command: plan.command }),
      },
      { ...nodeOptions(node, this, [...args.after(node), ...secrets, ...kept]), provider },
    );
  }
}

/** `NAME=VALUE` of all variables, secret as a whole: people put passwords into proxies' URLs. */
const environment = (plan: ContainerPlan, password: pulumi.Input<string>): pulumi.Output<string[]> =>
  pulumi.secret(
    pulumi
      .output(password)
      .apply((value) =>
        Object.entries({ CATTLE_BOOTSTRAP_PASSWORD: value, ...plan.environment }).map(
          ([name, text]) => `${name}=${text}`,
        ),
      ),
  );

/** Docker on the node over SSH. Nothing in it is secret but a registry's login: the key is named by its file. */
function dockerHost(node: Node, { settings, image }: RancherArgs): docker.ProviderArgs {
  const plain = pulumi.unsecret(node.ssh);
  const login = settings.registryLogin;
  return {
    ...(login && { registryAuth: [pulumi.secret({ address: registryOf(image), ...login })] }),
    host: plain.apply((ssh) => `ssh://${ssh.user}@${ssh.host}:${ssh.port}`),
    sshOpts: plain.apply(openSshOptions),
  };
}
