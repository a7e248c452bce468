import { scryptSync } from "node:crypto";
import { fingerprint } from "../../components/on-node";
import type { Settings } from "../../settings";

/** Begins the name of every container of Rancher on a node; what follows tells one make of it from another. */
export const containerName = "rancher";

/**
 * Labels of a container: which image, by the name in the settings, it was made from, and where the guard asks on the
 * node whether it is well (node/release/point reads them).
 */
const labelNames = {
  image: "ha-rancher.image",
  health: "ha-rancher.health",
  deep: "ha-rancher.deep",
} as const;

/**
 * What Rancher answers on the node itself: its health, and the certificates that agents ask for without a login, which
 * it reads from its datastore.
 */
const healthPaths = { health: "/healthz", deep: "/v3/settings/cacerts" } as const;

/** Where a node has what Rancher logs of its API; Docker makes the folder. */
const auditLogDirectory = "/var/log/rancher/auditlog";

/** A container of Rancher as the settings want it: all that is fixed when it is made, but for the password. */
export interface ContainerPlan {
  /** Of the container: another for whatever makes another container. */
  name: string;
  image: string;
  ports: { internal: number; external: number }[];
  /** Without the bootstrap password. */
  environment: Record<string, string>;
  mounts: { type: "bind" | "volume"; source: string; target: string; readOnly?: boolean }[];
  volumes: { hostPath: string; containerPath: string }[];
  command: string[];
  labels: { label: string; value: string }[];
  /** What must be on the node for the mounts: content by path, secret. */
  files: Record<string, string>;
}

/** `https://NAME[:PORT]`, where Rancher's users find it. */
export const serverUrl = (host: string, httpsPort: number): string =>
  `https://${host}${httpsPort === 443 ? "" : `:${httpsPort}`}`;

function environmentOf(settings: Settings): Record<string, string> {
  const { systemRegistry, auditLog, hostname, vip, httpsPort, extraEnvironment } = settings;
  return {
    CATTLE_SERVER_URL: serverUrl(hostname ?? vip.address, httpsPort),
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
function tlsOf({ tls }: Settings): Pick<ContainerPlan, "files" | "mounts" | "command"> {
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

/**
 * What the settings make of the container. Its name has a fingerprint of all that needs another container, so that the
 * next one can stand beside the one that runs.
 *
 * @param image as the nodes get it
 */
export function planContainer(settings: Settings, image: string): ContainerPlan {
  const { httpsPort, httpPort, dataDirectory, agentVolume, auditLog } = settings;
  const { files, mounts, command } = tlsOf(settings);
  const own = `https://127.0.0.1:${httpsPort}`;
  // Asked each second: without TLS it costs the node next to nothing, and Rancher does not redirect it.
  const light = httpPort === undefined ? own : `http://127.0.0.1:${httpPort}`;
  const plan: Omit<ContainerPlan, "name"> = {
    image,
    ports: [
      { internal: 443, external: httpsPort },
      ...(httpPort === undefined ? [] : [{ internal: 80, external: httpPort }]),
    ],
    environment: environmentOf(settings),
    mounts: [
      // A mount, not a volume: a missing directory must be an error, not an empty directory.
      { type: "bind", source: dataDirectory, target: "/var/lib/rancher" },
      // containerd needs overlayfs, which does not work on NFS: this part stays on the node.
      { type: "volume", source: agentVolume, target: "/var/lib/rancher/k3s/agent" },
      ...mounts,
    ],
    volumes: auditLog ? [{ hostPath: auditLogDirectory, containerPath: "/var/log/auditlog" }] : [],
    command,
    labels: [
      { label: labelNames.image, value: image },
      { label: labelNames.health, value: `${light}${healthPaths.health}` },
      { label: labelNames.deep, value: `${own}${healthPaths.deep}` },
    ],
    files,
  };
  const { files: _, environment, ...plain } = plan;
  // The name is not secret and an environment may be: a slow hash, so that nobody finds a password by trying.
  const hidden = scryptSync(JSON.stringify(environment), containerName, 16).toString("hex");
  const make = fingerprint(JSON.stringify({ ...plain, hidden })).slice(0, 8);
  return { ...plan, name: `${containerName}-${make}` };
}
