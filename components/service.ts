import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { loginAddress } from "../domain/image";
import { callOf } from "../local/called";
import { DaemonSettings, ImageArchive } from "../providers/docker";
import { Release } from "../providers/release";
import { openSshOptions } from "../providers/remote/endpoint";
import { Component } from "./component";
import type { ContainerPlan } from "./container-plan";
import type { Node } from "./node";
import { type Dependencies, type NodeDependencies, nodeChildName, nodeFiles, nodeOptions } from "./on-node";
import { planService, type ServicePlan } from "./pod";
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
      .apply((container) => planService(args.workload.name, container));
    // Nothing in it is secret: what may be is marked where it is used.
    this.release = pulumi.unsecret(plan).apply((known) => {
      const containers = [...providers].flatMap(([node, provider]) => this.installOn(node, known, provider));
      return this.releaseOf(known, containers);
    });
    this.container = this.release.container;
    this.registerOutputs({ container: this.container });
  }

  /** After this the agents know their container. */
  released(): Dependencies {
    return [this.release];
  }

  private releaseOf({ main: plan, all }: ServicePlan, containers: docker.Container[]): Release {
    const { nodes, workload, ready } = this.args;
    return new Release(
      this.childName("release"),
      {
        endpoints: Object.fromEntries(nodes.map((node) => [node.name, node.ssh])),
        container: plan.name,
        image: plan.image,
        companionImages: Object.fromEntries(
          all.flatMap((each) => (each === plan ? [] : [[shortName(each, plan), each.image]])),
        ),
        title: workload.title,
        url: workload.url,
        healthPath: workload.healthy.path,
        healthStatus: workload.healthy.status ?? [],
        causes: workload.causes,
        startDeadline: workload.startDeadline,
        upgrades: workload.upgrades,
        allowDowngrade: workload.allowDowngrade ?? false,
        discardWritesOf: workload.discardWritesOf ?? "",
      },
      { ...this.childOptions("release"), dependsOn: [...containers, ...nodes.flatMap(ready)] },
    );
  }

  /** What must be there before the images: how the engine is set, with the registries that it asks. */
  private engineOn(node: Node): pulumi.Resource {
    const { mirrors = [] } = this.args.imageSources ?? {};
    const lists: Record<string, string[]> = mirrors.length ? { "registry-mirrors": mirrors } : {};
    // A restart of the engine, such as by an update of its package, is no outage then.
    return new DaemonSettings(
      nodeChildName(this, node, "docker-settings"),
      { ssh: node.ssh, lists, liveRestore: true },
      nodeOptions("docker-settings", node, this, this.args.prepared(node)),
    );
  }

  /** The images of all containers, by their names in the settings. */
  private imagesOn(
    node: Node,
    { main, all }: ServicePlan,
    provider: docker.Provider,
  ): Map<string, docker.RemoteImage> {
    const { archive } = this.args.imageSources ?? {};
    const before = [...this.args.prepared(node), this.engineOn(node)];
    const imageOf = (plan: ContainerPlan): docker.RemoteImage => {
      const suffix = plan.image === main.image ? "" : `-${shortName(plan, main)}`;
      const loaded = archive && [
        new ImageArchive(
          nodeChildName(this, node, `image-archive${suffix}`),
          { ssh: node.ssh, image: plan.image, ...archive },
          nodeOptions(`image-archive${suffix}`, node, this, this.args.prepared(node)),
        ),
      ];
      return new docker.RemoteImage(
        nodeChildName(this, node, `image${suffix}`),
        // Kept: the image outlives a replacement, and a failover must never have to pull.
        { name: plan.image, keepLocally: true },
        { ...nodeOptions(`image${suffix}`, node, this, [...before, ...(loaded ?? [])]), provider },
      );
    };
    const images = new Map<string, docker.RemoteImage>();
    for (const plan of [main, ...all]) if (!images.has(plan.image)) images.set(plan.image, imageOf(plan));
    return images;
  }

  private installOn(node: Node, service: ServicePlan, provider: docker.Provider): docker.Container[] {
    const images = this.imagesOn(node, service, provider);
    const options = (name: string) => ({
      ...nodeOptions(name, node, this, this.args.prepared(node)),
      provider,
    });
    const volumes = service.all.flatMap(({ mounts }) => mounts.filter(({ type }) => type === "volume"));
    const kept = new Map(
      volumes.map(({ source }) => [
        source,
        new docker.Volume(nodeChildName(this, node, source), { name: source }, options(source)),
      ]),
    );
    const made: docker.Container[] = [];
    for (const plan of service.all) {
      const before = [
        ...this.filesOn(node, plan),
        ...plan.mounts.flatMap(({ source }) => kept.get(source) ?? []),
        // The one whose network it has.
        ...(plan.pod?.network ? made.slice(0, 1) : []),
      ];
      const secrets = plan === service.main ? this.args.workload.secretEnvironment : {};
      const image = images.get(plan.image)?.imageId ?? "";
      made.push(this.containerOn(node, plan, image, secrets, { before, provider }));
    }
    return made;
  }

  private containerOn(
    node: Node,
    plan: ContainerPlan,
    image: pulumi.Input<string>,
    secrets: Record<string, pulumi.Input<string>> | undefined,
    { before, provider }: { before: Dependencies; provider: docker.Provider },
  ): docker.Container {
    return new docker.Container(
      nodeChildName(this, node, plan.name),
      {
        name: plan.name,
        image,
        start: false,
        mustRun: false,
        restart: "no",
        ...(plan.privileged && { privileged: true }),
        destroyGraceSeconds: this.args.workload.stopGrace,
        ports: sorted(plan.ports),
        ...limitsOf(plan),
        ...podOf(plan),
        envs: environment(plan, secrets),
        labels: plan.labels,
        mounts: plan.mounts,
        ...(plan.volumes.length && { volumes: plan.volumes }),
        ...(plan.entrypoint && { entrypoints: plan.entrypoint }),
        ...(plan.command.length && { command: plan.command }),
      },
      {
        ...nodeOptions(plan.name, node, this, [...this.args.prepared(node), ...before]),
        provider,
        // The id of an image changes under the same name, such as when a tag that moved is pulled again. That is no other
        // container: it would be removed while it runs. Another `image` in the settings makes one beside it. And the engine
        // says by its id whose network it has.
        ignoreChanges: ["image", ...(plan.pod?.network ? ["networkMode"] : [])],
      },
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

/** What one of several has of the others. */
function podOf({ pod }: ContainerPlan): Partial<docker.ContainerArgs> {
  if (!pod) return {};
  const hosts = (pod.hosts ?? []).map((host) => ({ host, ip: "127.0.0.1" }));
  return {
    cgroupParent: pod.group,
    ...(pod.network && { networkMode: `container:${pod.network}` }),
    ...(hosts.length > 0 && { hosts }),
  };
}

/** `db` of `web-db-1a2b3c4d`, whose main one is `web-1a2b3c4d`. */
const shortName = (plan: ContainerPlan, main: ContainerPlan): string =>
  plan.name.slice(main.name.lastIndexOf("-") + 1, plan.name.lastIndexOf("-"));

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
