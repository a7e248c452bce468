import type { ContainerCreateOptions, ContainerInspectInfo } from "dockerode";
import type { Values } from "../values";
import type { ContainerInputs } from "./container-fields";

const megabyte = 1024 * 1024;

/** -1 stands for no limit. */
export const bytes = (megabytes: number): number => (megabytes > 0 ? megabytes * megabyte : megabytes);
const megabytes = (size: number): number => (size > 0 ? Math.round(size / megabyte) : size);

/** The body of the engine's request for a container with these inputs; the name is no part of it. */
export function createRequest(inputs: ContainerInputs): ContainerCreateOptions {
  const ports = inputs.ports ?? [];
  const volumes = inputs.volumes ?? [];
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { internal, external, ip, protocol } of ports) {
    const port = `${internal}/${protocol}`;
    bindings[port] = [...(bindings[port] ?? []), { HostIp: ip, HostPort: String(external) }];
  }
  return {
    Image: inputs.image,
    Hostname: inputs.hostname,
    Env: inputs.envs,
    Cmd: inputs.command,
    Entrypoint: inputs.entrypoints,
    User: inputs.user,
    StopSignal: inputs.stopSignal,
    Labels: Object.fromEntries((inputs.labels ?? []).map(({ label, value }) => [label, value])),
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])),
    Volumes: Object.fromEntries(volumes.map(({ containerPath }) => [containerPath, {}])),
    HostConfig: {
      Privileged: inputs.privileged ?? false,
      RestartPolicy: { Name: inputs.restart ?? "no", MaximumRetryCount: 0 },
      NetworkMode: inputs.networkMode,
      ...(inputs.cgroupParent === undefined ? {} : { CgroupParent: inputs.cgroupParent }),
      ...(inputs.hosts && { ExtraHosts: inputs.hosts.map(({ host, ip }) => `${host}:${ip}`) }),
      PortBindings: bindings,
      Memory: bytes(inputs.memory ?? 0),
      MemorySwap: bytes(inputs.memorySwap ?? 0),
      ...(inputs.cpus === undefined ? {} : { NanoCpus: Math.round(Number(inputs.cpus) * 1e9) }),
      ...(inputs.shmSize === undefined ? {} : { ShmSize: bytes(inputs.shmSize) }),
      CapAdd: inputs.capabilities?.adds,
      CapDrop: inputs.capabilities?.drops,
      // Unlike a bind in `volumes`, a mount fails if its source is missing.
      Mounts: (inputs.mounts ?? []).map(({ type, target, source, readOnly }) => ({
        Type: type,
        Target: target,
        Source: source ?? "",
        ReadOnly: readOnly ?? false,
      })),
      Binds: volumes
        .filter(({ hostPath, volumeName }) => hostPath || volumeName)
        .map(
          ({ hostPath, volumeName, containerPath, readOnly }) =>
            `${hostPath || volumeName}:${containerPath}:${readOnly ? "ro" : "rw"}`,
        ),
    },
  };
}

function networkDatas(container: ContainerInspectInfo): Values[] {
  return Object.entries(container.NetworkSettings?.Networks ?? {}).map(([networkName, network]) => ({
    networkName,
    gateway: network.Gateway ?? "",
    globalIpv6Address: network.GlobalIPv6Address ?? "",
    globalIpv6PrefixLength: network.GlobalIPv6PrefixLen ?? 0,
    ipAddress: network.IPAddress ?? "",
    ipPrefixLength: network.IPPrefixLen ?? 0,
    ipv6Gateway: network.IPv6Gateway ?? "",
    macAddress: network.MacAddress ?? "",
  }));
}

/** Outputs that a preview cannot know. */
export const computed = [
  "bridge",
  "command",
  "entrypoints",
  "exitCode",
  "hostname",
  "init",
  "ipcMode",
  "logDriver",
  "networkDatas",
  "runtime",
  "securityOpts",
  "shmSize",
  "stopSignal",
] as const;

/**
 * The outputs of a container: the inputs, and the engine's answer. Everything that the official plugin computes is
 * there, even empty lists: that plugin would treat an absent one as a change, and replace the container.
 */
export function outputsOf(inputs: Values, container: ContainerInspectInfo): Values {
  const { Config: config, HostConfig: host, State: state } = container;
  return {
    attach: false,
    logs: false,
    mustRun: true,
    privileged: false,
    publishAllPorts: false,
    readOnly: false,
    restart: "no",
    rm: false,
    start: true,
    stdinOpen: false,
    tty: false,
    wait: false,
    envs: [],
    labels: [],
    ...inputs,
    // Only engines that make their bridge themselves set this.
    bridge: (container.NetworkSettings as { Bridge?: string } | undefined)?.Bridge ?? "",
    command: config.Cmd ?? [],
    entrypoints: (config.Entrypoint as string[] | null | undefined) ?? [],
    exitCode: state.Running ? 0 : state.ExitCode,
    hostname: config.Hostname,
    init: host.Init ?? false,
    ipcMode: host.IpcMode ?? "",
    logDriver: host.LogConfig?.Type ?? "",
    networkDatas: networkDatas(container),
    runtime: host.Runtime ?? "",
    securityOpts: host.SecurityOpt ?? [],
    shmSize: megabytes(host.ShmSize ?? 0),
    stopSignal: (config as { StopSignal?: string }).StopSignal ?? "",
  };
}

/** The present values of those inputs that can change without us. */
export function liveInputs(inputs: Values, container: ContainerInspectInfo): Values {
  const { HostConfig: host, State: state } = container;
  const live: Values = { ...inputs, name: container.Name.replace(/^\//, "") };
  const restart = host.RestartPolicy?.Name || "no";
  if (restart !== (inputs.restart ?? "no")) live.restart = restart;
  for (const [name, size] of [
    ["memory", host.Memory],
    ["memorySwap", host.MemorySwap],
  ] as const) {
    // With a memory limit the engine also sets a swap limit, so only the given limits are compared.
    if (name in inputs) live[name] = megabytes(size ?? 0);
  }
  // Like in the official plugin, a container that should run but does not shows as a change, which starts it.
  if (inputs.start !== false && inputs.mustRun !== false && !state.Running) live.mustRun = false;
  return live;
}
