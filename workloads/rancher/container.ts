import type { ContainerOptions } from "../../components/container-plan";
import { fingerprint } from "../../components/on-node";
import { deep, healthy, serverUrl } from "./pages";

/** Where a node has what Rancher logs of its API; Docker makes the folder. */
const auditLogDirectory = "/var/log/rancher/auditlog";

/** Rancher's log of API calls, on the active node. */
export interface AuditLog {
  /** 0: what was called; 1: and headers; 2: and the request; 3: and the answer. */
  level: number;
  /** Days that a file is kept. */
  maxAge: number;
  /** Files that are kept. */
  maxBackups: number;
  /** MiB of a file. */
  maxSize: number;
}

/** A certificate of one's own, as PEM text. */
export interface Certificate {
  /** With those in between up to its CA. */
  certificate: string;
  key: string;
  /** The private CA's, if that signed it. */
  ca?: string | undefined;
}

/** What Rancher's container is made from. */
export interface RancherContainer {
  image: string;
  /** Where users find it: a host's name, or the VIP. */
  hostname: string;
  /** Ports on the VIP and on the nodes. */
  httpsPort: number;
  httpPort?: number | undefined;
  /** Where the active node has the shared data mounted. */
  dataDirectory: string;
  /** The Docker volume on each node for what cannot be on NFS. */
  agentVolume: string;
  /** Without internet access: the registry from which Rancher takes its own images. */
  systemRegistry?: string | undefined;
  tls?: Certificate | undefined;
  auditLog?: AuditLog | undefined;
  /** Further variables, such as HTTP_PROXY. */
  extraEnvironment?: Record<string, string>;
}

function environmentOf(args: RancherContainer): Record<string, string> {
  const { systemRegistry, auditLog, hostname, httpsPort, extraEnvironment } = args;
  return {
    CATTLE_SERVER_URL: serverUrl(hostname, httpsPort),
    // Without internet access Rancher takes its charts from its image, too.
    ...(systemRegistry && {
      CATTLE_SYSTEM_DEFAULT_REGISTRY: systemRegistry,
      CATTLE_SYSTEM_CATALOG: "bundled",
    }),
    ...(auditLog && {
      // Newer versions want the first, older ones look at the level alone.
      AUDIT_LOG_ENABLED: "true",
      AUDIT_LEVEL: String(auditLog.level),
      AUDIT_LOG_PATH: "/var/log/auditlog/rancher-api-audit.log",
      AUDIT_LOG_MAXAGE: String(auditLog.maxAge),
      AUDIT_LOG_MAXBACKUP: String(auditLog.maxBackups),
      AUDIT_LOG_MAXSIZE: String(auditLog.maxSize),
    }),
    ...extraEnvironment,
  };
}

/** Paths on the node and in the container, by Rancher's documentation of Docker installs. */
function tlsOf(tls: Certificate | undefined): Pick<ContainerOptions, "files" | "mounts" | "command"> {
  if (!tls) return { files: {}, mounts: [], command: [] };
  const contents: Record<string, string> = {
    "cert.pem": tls.certificate,
    "key.pem": tls.key,
    ...(tls.ca && { "cacerts.pem": tls.ca }),
  };
  // A folder for each certificate: while the old container still runs, its files stay.
  const folder = `/etc/ha-rancher/tls-${fingerprint(JSON.stringify(contents)).slice(0, 8)}`;
  const names = Object.keys(contents);
  return {
    files: Object.fromEntries(names.map((name) => [`${folder}/${name}`, contents[name] ?? ""])),
    mounts: names.map((name) => ({
      type: "bind",
      source: `${folder}/${name}`,
      target: `/etc/rancher/ssl/${name}`,
      readOnly: true,
    })),
    // Signed by somebody whom everybody knows: agents need no CA from Rancher.
    command: tls.ca ? [] : ["--no-cacerts"],
  };
}

/** Rancher's container. */
export function rancherContainer(args: RancherContainer): ContainerOptions {
  const { image, httpsPort, httpPort, dataDirectory, agentVolume, auditLog } = args;
  const { files = {}, mounts, command = [] } = tlsOf(args.tls);
  const own = `https://127.0.0.1:${httpsPort}`;
  // Asked each second: without TLS it costs the node next to nothing, and Rancher does not redirect it.
  const light = httpPort === undefined ? own : `http://127.0.0.1:${httpPort}`;
  return {
    image,
    ports: [
      { internal: 443, external: httpsPort },
      ...(httpPort === undefined ? [] : [{ internal: 80, external: httpPort }]),
    ],
    environment: environmentOf(args),
    mounts: [
      // A mount, not a volume: a missing directory must be an error, not an empty directory.
      { type: "bind", source: dataDirectory, target: "/var/lib/rancher" },
      // containerd needs overlayfs, which does not work on NFS: this part stays on the node.
      { type: "volume", source: agentVolume, target: "/var/lib/rancher/k3s/agent" },
      ...mounts,
    ],
    volumes: auditLog ? [{ hostPath: auditLogDirectory, containerPath: "/var/log/auditlog" }] : [],
    command,
    // Rancher refuses to start without.
    privileged: true,
    health: [{ url: `${light}${healthy.path}` }, { url: `${own}${deep.path}`, deep: true }],
    files,
  };
}
