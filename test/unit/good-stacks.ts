import { newKeyPair } from "../../providers/vagrant/keys";
import { ca, certificate, key } from "./certificate-fixture";

/* Stack files that are right and have every setting, to be changed by tests. */

export type Config = Record<string, unknown>;

const { privateKey } = newKeyPair("test");

const hostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;

/** What does not depend on what the nodes are. */
const alike = {
  vip: "192.168.56.10/24",
  preset: "fast",
  virtualRouterId: 10,
  furtherVips: ["192.168.56.20/24", "fd00:56::10/64"],
  keepalived: {
    version: 3,
    preempt: true,
    preemptDelay: 1,
    multicast: false,
    downTimerAdverts: 3,
    startupDelay: 2,
    realTimePriority: 50,
    garp: { delay: 1, repeat: 3, refresh: 1, refreshRepeat: 1, lowerPriorityRepeat: 2, interval: 0 },
    track: {
      interfaces: ["eth1"],
      processes: ["dockerd"],
      scripts: [{ command: "/usr/bin/true", interval: 1, timeout: 1, fall: 3, rise: 2 }],
      files: ["/run/well"],
    },
    notify: "/usr/local/bin/tell",
    authHmac: { key: "k".repeat(64), mode: "receive-only" },
  },
  nfsAddress: "192.168.56.5",
  dataDirectory: "/rancher_data",
  sharedDirectory: "/srv/rancher",
  storage: "host",
  nfsVersion: "4.2",
  keepData: true,
  image: "rancher/rancher:v2.12.3",
  allowDowngrade: false,
  registryMirrors: ["https://mirror.example.com:5000"],
  systemRegistry: "registry.example.com:5000",
  httpsPort: 443,
  httpPort: 80,
  hostname: "rancher.example.com",
  tls: { certificate, key, ca },
  extraEnvironment: { HTTP_PROXY: "http://proxy.example.com:3128" },
  agentVolume: "rancher-agent",
  auditLog: { level: 1, maxAge: 10, maxBackups: 10, maxSize: 100 },
  startDeadline: 300,
  memoryFloor: 1024,
  backup: { schedule: "daily", keep: 7, directory: "/var/backups/ha-rancher" },
  environment: "dev",
  guard: {},
  notify: {
    webhooks: [{ url: "https://hooks.example.com/services/x", format: "slack" }],
    mail: {
      ...{ from: "nodes@example.com", to: ["ops@example.com"], server: "mail.example.com", port: 587 },
      ...{ tls: "starttls", user: "nodes", password: "x" },
    },
    command: ["/usr/local/bin/told", "now"],
  },
  fencing: {
    agent: "fence_virsh",
    options: { ip: "192.168.56.1", username: "fence", password: "x" },
    nodes: { one: { plug: "one" }, two: { plug: "two" } },
    sshKey: privateKey,
    hostKey,
    timeout: 30,
  },
};

const nodes = [
  { name: "one", address: "192.168.56.11", address6: "fd00:56::11", priority: 150 },
  { name: "two", address: "192.168.56.12", address6: "fd00:56::12", priority: 140 },
];

const ports = { guest: 8080, host: 18_080, count: 2, protocol: "tcp", hostIp: "127.0.0.1" };

export const machinesStack: Config = {
  ...alike,
  nodes: nodes.map((node, i) => ({
    ...node,
    machine: i === 0 ? { ports: [ports], usablePorts: { from: 22_000, to: 22_999 } } : {},
  })),
  hypervisor: "libvirt",
  box: "debian/bookworm64",
  boxVersion: "12.20250126.1",
  boxUrl: "https://boxes.example.com/x.box",
  boxChecksum: `sha256:${"0".repeat(64)}`,
  cpus: 2,
  memory: 4096,
  bridge: ["eth0"],
  dhcpNetwork: true,
  registryLogin: { username: "me", password: "x" },
};

export const hostsStack: Config = {
  ...alike,
  nodes: nodes.map((node, i) => ({
    ...node,
    host: { address: `10.0.0.${i + 1}`, user: "admin", port: 2222, privateKey, hostKey },
  })),
  imageArchive: { file: "/images/rancher.tar", sha256: "0".repeat(64) },
};

/** Rancher's own settings, which another workload has not. */
const ofRancher = [
  ...["systemRegistry", "httpsPort", "httpPort", "hostname", "tls"],
  ...["extraEnvironment", "agentVolume", "auditLog"],
];

/** Any container, with all that can be said of one. */
export const containerStack: Config = {
  ...Object.fromEntries(Object.entries(machinesStack).filter(([name]) => !ofRancher.includes(name))),
  workload: "container",
  image: "registry.example.com/postgres:15.6",
  container: {
    name: "postgres",
    dataPath: "/var/lib/postgresql/data",
    datastore: "pgdata",
    ports: [
      { published: 5432, target: 5432, protocol: "tcp" },
      { published: 8080, target: 80, protocol: "tcp" },
    ],
    health: [
      { tcp: 5432 },
      { command: ["pg_isready", "-q"], deep: true },
      { http: { port: 8080, path: "/well", tls: false, status: [200, 401] } },
      { log: "ready to accept connections" },
    ],
    environment: { PGDATA: "/var/lib/postgresql/data/pgdata" },
    command: ["postgres", "-c", "fsync=on"],
    volumes: [{ name: "postgres-run", path: "/var/run/postgresql" }],
    user: "999:999",
    privileged: false,
    capabilities: { add: ["SYS_NICE"], drop: ["NET_RAW"] },
    memory: 512,
    cpus: 1.5,
    sharedMemory: 128,
    stopSignal: "SIGINT",
    dataFolder: "postgres",
    companions: [
      {
        name: "cache",
        image: "registry.example.com/redis:7.0",
        dataPath: "/data",
        dataFolder: "cache",
        health: [{ command: ["redis-cli", "ping"], deep: false }, { log: "Ready to accept connections" }],
        environment: { MODE: "quiet" },
        command: ["redis-server", "--save", ""],
        volumes: [{ name: "cache-run", path: "/run/redis" }],
        user: "redis",
        privileged: false,
        capabilities: { add: ["SYS_NICE"], drop: ["NET_RAW"] },
        memory: 128,
        cpus: 0.5,
        sharedMemory: 16,
        stopSignal: "SIGTERM",
      },
    ],
    hooks: {
      beforeStart: [{ name: "migrate", command: ["migrate", "up"], like: "postgres", timeout: 10 }],
      afterStop: [{ name: "tidy", command: ["rm", "-f", "/data/lock"], like: "cache", timeout: 10 }],
    },
    backup: { command: ["pg_dumpall"], restore: ["psql", "-q"], of: "postgres" },
    acceptLateWrites: false,
  },
};

/** What only a service with data on shared storage has. */
const ofService = [
  ...["nfsAddress", "dataDirectory", "sharedDirectory", "storage", "nfsVersion", "keepData"],
  ...["image", "allowDowngrade", "registryMirrors", "registryLogin", "backup", "fencing"],
];

/** Floating IPs alone, with all that can be said of one. */
export const addressStack: Config = {
  ...Object.fromEntries(
    Object.entries(machinesStack).filter(([name]) => ![...ofRancher, ...ofService].includes(name)),
  ),
  workload: "address",
  address: {
    vips: [
      {
        name: "web",
        preferred: "one",
        preempt: true,
        preemptDelay: 1,
        checks: [
          {
            http: { port: 80, path: "/well", tls: false, status: [200, 401] },
            ...{ weight: 20, onHolder: false, every: 0.5, timeout: 2, fall: 2, rise: 2 },
          },
          { tcp: 443 },
          { unit: "nginx.service" },
          { process: "nginx" },
          { command: ["/usr/local/bin/fit", "web"] },
        ],
        units: ["openvpn@web.service"],
      },
      { name: "api", vip: "192.168.56.30/24", virtualRouterId: 77, preferred: "two" },
    ],
    startLimit: 60,
  },
};

/** The good stack that has a setting at a path such as `nodes[].host.port`. */
export const goodFor = (path: string): Config => {
  if (path.startsWith("subnet")) return { ...machinesStack, subnet: "192.168.56.0/24" };
  // A place in the list of questions: each is of another kind.
  if (path.startsWith("container")) return withQuestion(path);
  if (path.startsWith("address")) return withCheck(path);
  if (path.startsWith("advertInterval")) return { ...machinesStack, preset: undefined, advertInterval: 0.2 };
  return path.startsWith("nodes[].host") || path.startsWith("imageArchive") ? hostsStack : machinesStack;
};

/** With the question first that a path is about. */
function withQuestion(path: string): Config {
  const [, ofCompanion, kind] = /^container\.(companions\[\]\.)?health\[\]\.(\w+)/.exec(path) ?? [];
  if (kind === undefined) return containerStack;
  const container = containerStack.container as Config;
  const sorted = (health: Config[]): Config[] => [
    ...health.filter((each) => kind in each),
    ...health.filter((each) => !(kind in each)),
  ];
  const withFirst = (each: Config): Config => ({ ...each, health: sorted(each.health as Config[]) });
  const companions = (container.companions as Config[]).map(withFirst);
  return { ...containerStack, container: ofCompanion ? { ...container, companions } : withFirst(container) };
}

/** With the check first that a path is about. */
function withCheck(path: string): Config {
  const [, kind = ""] = /^address\.vips\[\]\.checks\[\]\.(\w+)/.exec(path) ?? [];
  const address = addressStack.address as { vips: { checks?: Config[] }[] };
  const [first, ...others] = address.vips;
  const checks = first?.checks ?? [];
  const moved = [...checks.filter((each) => kind in each), ...checks.filter((each) => !(kind in each))];
  return { ...addressStack, address: { ...address, vips: [{ ...first, checks: moved }, ...others] } };
}

type Part = string | number;

/** `["nodes", 0, "name"]` for `nodes[].name`; `{}` is a name that is there. */
export const partsOf = (path: string): Part[] =>
  (path.match(/\[\d*\]|[^.[\]]+/g) ?? []).map((part) =>
    part.startsWith("[") ? Number(part.slice(1, -1) || 0) : part,
  );

/** A copy with another value at a path; undefined removes it. */
export function withValue(config: Config, parts: readonly Part[], value: unknown): Config {
  const copy = structuredClone(config);
  let place = copy as Record<Part, unknown>;
  for (const [i, part] of parts.entries()) {
    const name = part === "{}" ? (Object.keys(place)[0] ?? "x") : part;
    if (i === parts.length - 1) {
      if (value === undefined) delete place[name];
      else place[name] = value;
    } else {
      place[name] ??= typeof parts[i + 1] === "number" ? [] : {};
      place = place[name] as Record<Part, unknown>;
    }
  }
  return copy;
}

/** A stack file's text, in ASCII. JSON is YAML. */
export const textOf = (config: Config): string =>
  JSON.stringify(
    {
      config: Object.fromEntries(
        Object.entries(config).flatMap(([name, value]) =>
          value === undefined ? [] : [[`ha-rancher:${name}`, value]],
        ),
      ),
    },
    null,
    1,
  ).replace(/[^\n -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`);
