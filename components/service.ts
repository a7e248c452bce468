import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { loginAddress } from "../domain/image";
import { callOf } from "../local/called";
import { DaemonSettings, ImageArchive } from "../providers/docker";
import { Release } from "../providers/release";
import { openSshOptions } from "../providers/remote/endpoint";
import { Component } from "./component";
import { type ContainerPlan, planContainer } from "./container-plan";
import type { Node } from "./node";
import { type Dependencies, type NodeDependencies, nodeChildName, nodeFiles, nodeOptions } from "./on-node";
import type { ImageSources, Workload } from "./workload";

/** What {@link Service} takes. */
export interface ServiceArgs {
  nodes: Node[];
  workload: Workload;
  /** Default: the registry that the image names, without a login. */
  imageSources?: ImageSources | undefined;
  /** What must be on a node before its container is made: Docker. */
  prepared: NodeDependencies;
  /** What else must be on a node before its agent is told to run the container: all that the agent and it need. */
  ready: NodeDependencies;
}

/**
 * A workload's image and container on every node, and which container the agents run. Containers are made and never
 * started here: where one runs is the agents' decision alone, and Docker must not have an opinion (`restart: "no"`).
 *
 * Whatever needs another container makes one beside the old one: the names of both have a fingerprint of what they
 * were made from. The {@link Release} then moves the service, and only when the new one serves Pulumi removes the old.
 *
 * While the workload's `container` is unknown, in a preview, containers and release are not shown.
 */
export class Service extends Component {
  /** The container's name on every node. */
  readonly container: pulumi.Output<string>;
  private readonly release: pulumi.Output<Release>;
  private readonly args: ServiceArgs;

  constructor(name: string, args: ServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    // What ran containers before there was more than one workload.
    const former = { type: "ha-rancher:components:Rancher", name: args.workload.name };
    super("Service", name, {}, pulumi.mergeOptions({ aliases: [former] }, opts));
    this.args = args;
    const misled = misleading.filter((name) => process.env[name]);
    if (misled.length > 0)
      throw new pulumi.ResourceError(
        `Docker's plugin would take ${misled.join(" and ")} of this environment in place of the nodes that it is told, and make the containers elsewhere. Way out: \`unset ${misled.join(" ")}\`, or \`${callOf("up")}\`, which passes none of them on`,
        this,
        true,
      );
    const providers = new Map(args.nodes.map((node) => [node, this.dockerOn(node)]));
    const plan = pulumi
      .output(args.workload.container)
      .apply((container) => planContainer(args.workload.name, container));
    // Nothing in it is secret: what may be is marked where it is used.
    this.release = pulumi.unsecret(plan).apply((known) => {
      const containers = [...providers].map(([node, provider]) => this.installOn(node, known, provider));
      return this.releaseOf(known, containers);
    });
    this.container = this.release.container;
    this.registerOutputs({ container: this.container });
  }

  /** After this the agents know their container. */
  released(): Dependencies {
    return [this.release];
  }

  private releaseOf(plan: ContainerPlan, containers: docker.Container[]): Release {
    const { nodes, workload, ready } = this.args;
    return new Release(
      this.childName("release"),
      {
        endpoints: Object.fromEntries(nodes.map((node) => [node.name, node.ssh])),
        container: plan.name,
        image: plan.image,
        title: workload.title,
        url: workload.url,
        healthPath: workload.healthy.path,
        healthStatus: workload.healthy.status ?? [],
        causes: workload.causes,
        startDeadline: workload.startDeadline,
        allowDowngrade: workload.allowDowngrade ?? false,
        discardWritesOf: workload.discardWritesOf ?? "",
      },
      { ...this.childOptions("release"), dependsOn: [...containers, ...nodes.flatMap(ready)] },
    );
  }

  /** What must be there before the image: how the engine is set, with the registries that it asks; or the image itself. */
  private imageSourcesOn(node: Node, plan: ContainerPlan): pulumi.Resource[] {
    const { mirrors = [], archive } = this.args.imageSources ?? {};
    const make = <T>(name: string, make: (name: string, options: pulumi.CustomResourceOptions) => T): T =>
      make(nodeChildName(this, node, name), nodeOptions(name, node, this, this.args.prepared(node)));
    return [
      // A restart of the engine, such as by an update of its package, is no outage then.
      make("docker-settings", (name, options) => {
        const lists: Record<string, string[]> = mirrors.length ? { "registry-mirrors": mirrors } : {};
        return new DaemonSettings(name, { ssh: node.ssh, lists, liveRestore: true }, options);
      }),
      ...(archive
        ? [
            make("image-archive", (name, options) => {
              return new ImageArchive(name, { ssh: node.ssh, image: plan.image, ...archive }, options);
            }),
          ]
        : []),
    ];
  }

  private installOn(node: Node, plan: ContainerPlan, provider: docker.Provider): docker.Container {
    const { prepared, workload } = this.args;
    const before = prepared(node);
    const options = (name: string, more: Dependencies = []) => ({
      ...nodeOptions(name, node, this, [...before, ...more]),
      provider,
    });
    const image = new docker.RemoteImage(
      nodeChildName(this, node, "image"),
      // Kept: the image outlives a replacement, and a failover must never have to pull.
      { name: plan.image, keepLocally: true },
      options("image", this.imageSourcesOn(node, plan)),
    );
    const kept = plan.mounts
      .filter(({ type }) => type === "volume")
      .map(
        ({ source }) =>
          new docker.Volume(nodeChildName(this, node, source), { name: source }, options(source)),
      );
    return new docker.Container(
      nodeChildName(this, node, plan.name),
      {
        name: plan.name,
        image: image.imageId,
        start: false,
        mustRun: false,
        restart: "no",
        ...(plan.privileged && { privileged: true }),
        destroyGraceSeconds: workload.stopGrace,
        ports: sorted(plan.ports),
        ...limitsOf(plan),
        envs: environment(plan, workload.secretEnvironment),
        labels: plan.labels,
        mounts: plan.mounts,
        ...(plan.volumes.length && { volumes: plan.volumes }),
        ...(plan.command.length && { command: plan.command }),
      },
      // The id of an image changes under the same name, such as when a tag that moved is pulled again. That is no other
      // container: it would be removed while it runs. Another `image` in the settings makes one beside it.
      { ...options(plan.name, [...this.filesOn(node, plan), ...kept]), ignoreChanges: ["image"] },
    );
  }

  /** What the container has mounted of the node. */
  private filesOn(node: Node, plan: ContainerPlan): pulumi.Resource[] {
    const files = Object.entries(plan.files).map(([path, content]) => [
      path,
      { content: pulumi.secret(content), mode: "0600" },
    ]);
    if (files.length === 0) return [];
    const args = { files: Object.fromEntries(files) };
    return [nodeFiles(`${plan.name}-tls`, node, this, args, this.args.prepared(node))];
  }

  /** Docker on the node over SSH. Nothing in it is secret but a registry's login: the key is named by its file. */
  private dockerOn(node: Node): docker.Provider {
    const plain = pulumi.unsecret(node.ssh);
    const login = this.args.imageSources?.login;
    const address = pulumi
      .unsecret(pulumi.output(this.args.workload.container))
      .apply(({ image }) => loginAddress(image));
    return new docker.Provider(
      nodeChildName(this, node, "docker"),
      {
        ...(login && { registryAuth: [pulumi.secret({ address, ...login })] }),
        host: plain.apply((ssh) => `ssh://${ssh.user}@${ssh.host}:${ssh.port}`),
        sshOpts: plain.apply(openSshOptions),
      },
      this.childOptions(`${node.name}-docker`),
    );
  }
}

/** What Docker's plugin takes of its environment though it was told a host (5.2.0): another engine, or TLS over SSH. */
const misleading = [
  "DOCKER_CONTEXT",
  "DOCKER_CERT_PATH",
  ...["DOCKER_CA_MATERIAL", "DOCKER_CERT_MATERIAL", "DOCKER_KEY_MATERIAL"],
];

/** As Docker's plugin takes them. */
function limitsOf({ limits }: ContainerPlan): Partial<docker.ContainerArgs> {
  const { user, capabilities, memory, cpus, sharedMemory, stopSignal } = limits;
  return {
    ...(user === undefined ? {} : { user }),
    ...(capabilities && { capabilities }),
    // Docker gives as much swap again, and the plugin finds a difference if it is not told so.
    ...(memory === undefined ? {} : { memory, memorySwap: 2 * memory }),
    ...(cpus === undefined ? {} : { cpus: String(cpus) }),
    ...(sharedMemory === undefined ? {} : { shmSize: sharedMemory }),
    ...(stopSignal === undefined ? {} : { stopSignal }),
  };
}

/** As Docker's plugin reads them back: in another order a refresh would find a change. */
const sorted = (ports: ContainerPlan["ports"]): ContainerPlan["ports"] =>
  [...ports].sort((a, b) => a.internal - b.internal || a.external - b.external);

/** `NAME=VALUE` of all variables, secret as a whole: people put passwords into proxies' URLs. */
const environment = (
  plan: ContainerPlan,
  secrets: Record<string, pulumi.Input<string>> = {},
): pulumi.Output<string[]> =>
  pulumi.secret(
    pulumi
      .output({ ...secrets, ...plan.environment })
      .apply((all) => Object.entries(all).map(([name, text]) => `${name}=${text}`)),
  );
