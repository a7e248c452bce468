import type { Judged } from "../../policy/rule";
import { types } from "../../policy/rule";

/** A resource as a program declares it. */
export type Declaration = Pick<Judged, "type" | "name" | "props"> & { isProtected?: boolean };

/** What keeps a rule, and what breaks it; each set is a whole program. */
export interface Case {
  good: Declaration[];
  bad: Declaration[];
  /** What the violation says. */
  says: RegExp;
}

const node = (name: string, address: string, priority: number) => ({ name, address, priority });

const whole = (name: string, changes: object): Declaration => ({
  type: types.whole,
  name,
  props: {
    vip: { address: "192.168.56.10", prefix: 24 },
    furtherVips: [],
    subnet: { address: "192.168.56.0", prefix: 24 },
    virtualRouterId: 10,
    nodes: [node("a", "192.168.56.11", 150), node("b", "192.168.56.12", 140)],
    ...changes,
  },
});

const machine = (name: string, changes: object): Declaration => ({
  type: types.machine,
  name,
  props: {
    name,
    directory: `/nowhere/${name}`,
    box: "debian",
    boxVersion: "1.0",
    hypervisor: "libvirt",
    memory: 4096,
    networks: [],
    ...changes,
  },
});

const bridged = { networks: [{ type: "public", bridge: ["eth0"] }] };

const endpoint = {
  host: "127.0.0.1",
  port: 22,
  user: "vagrant",
  privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----",
  keyFile: "/nowhere/key",
  hostKey: "ssh-ed25519 AAAA",
  knownHostsFile: "/nowhere/known_hosts",
};

const files = (name: string, content: Record<string, string>): Declaration => ({
  type: types.files,
  name,
  props: {
    ssh: endpoint,
    files: Object.fromEntries(Object.entries(content).map(([path, text]) => [path, { content: text }])),
  },
});

const agentFile = (name: string, told: object): Declaration =>
  files(name, { "/etc/ha-rancher/agent.json": JSON.stringify({ node: name, ...told }) });

const rollout = (name: string, nodes: string[]): Declaration => ({
  type: types.rollout,
  name,
  props: {
    endpoints: Object.fromEntries(nodes.map((node) => [node, endpoint])),
    source: Object.fromEntries(nodes.map((node) => [node, "f00"])),
  },
});

const command = (name: string, connection: object): Declaration => ({
  type: types.command,
  name,
  props: {
    connection: { host: "127.0.0.1", user: "root", privateKey: endpoint.privateKey, ...connection },
    create: "true",
  },
});

const host = (name: string, changes: object): Declaration => ({
  type: types.host,
  name,
  props: {
    ...{ name, address: "192.168.56.31", vips: [], host: "127.0.0.1", port: 22, user: "root" },
    ...{ privateKey: endpoint.privateKey, directory: `/nowhere/${name}` },
    ...changes,
  },
});

const container = (name: string, changes: object): Declaration => ({
  type: types.container,
  name,
  props: {
    name: "rancher",
    image: "sha256:1234",
    start: false,
    mustRun: false,
    restart: "no",
    privileged: true,
    ...changes,
  },
});

const image = (name: string, reference: string): Declaration => ({
  type: types.image,
  name,
  props: { name: reference, keepLocally: true },
});

const share = (name: string, clients: string[], isProtected = true): Declaration => ({
  type: types.nfsExport,
  name,
  isProtected,
  props: { name, directory: `/nowhere/${name}`, clients, server: { kind: "kernel" }, sentinel: "it" },
});

const mount = (name: string, options: string): Declaration =>
  files(name, {
    [`/etc/systemd/system/${name}.mount`]: `[Mount]\nWhat=a:/b\nType=nfs\nOptions=${options}\n`,
  });

const configuration = (name: string, instances: [routerId: number, priority: number][]): Declaration => ({
  type: types.configuration,
  name,
  props: {
    vip: "192.168.56.10",
    endpoints: {},
    order: instances.map((_, i) => `n${i}`),
    facts: Object.fromEntries(instances.map((_, i) => [`n${i}`, ""])),
    contents: Object.fromEntries(
      instances.map(([id, priority], i) => [
        `n${i}`,
        `vrrp_instance HA {\n    virtual_router_id ${id}\n    priority ${priority}\n}\n`,
      ]),
    ),
  },
});

const password = (name: string, isProtected: boolean): Declaration => ({
  type: types.password,
  name,
  isProtected,
  props: { length: 24 },
});

/** By rule; all names are of this rule alone, so that all bad ones make one program. */
export const cases: Record<string, Case> = {
  "vip-in-subnet": {
    good: [whole("vip-inside", {})],
    bad: [whole("vip-outside", { vip: { address: "190.100.100.100", prefix: 32 } })],
    says: /The VIP 190\.100\.100\.100 is outside of the nodes' network 192\.168\.56\.0\/24/,
  },
  "router-id-unique": {
    good: [
      configuration("one-id", [
        [10, 150],
        [10, 140],
      ]),
    ],
    bad: [
      configuration("two-ids", [
        [10, 150],
        [11, 140],
      ]),
    ],
    says: /different router ids \(10, 11\)/,
  },
  "no-insecure-key": {
    good: [machine("own-key", bridged)],
    bad: [machine("insecure-key", { ...bridged, sshInsertKey: false })],
    says: /Vagrant's well-known key on a bridged network/,
  },
  "box-pinned": {
    good: [machine("pinned-box", {})],
    bad: [machine("moving-box", { boxVersion: undefined })],
    says: /The box debian has no version/,
  },
  "box-outlives-catalog": {
    good: [machine("own-box", { box: "own", boxUrl: "https://boxes.example.com/own.json" })],
    bad: [machine("catalog-box", { box: "lab/debian" })],
    says: /The box lab\/debian comes from the public catalog/,
  },
  "memory-floor": {
    good: [whole("with-large", {}), machine("large", {})],
    bad: [whole("with-small", {}), machine("small", { memory: 600 })],
    says: /has 600 MiB of memory/,
  },
  "provider-of-environment": {
    good: [],
    bad: [machine("by-vagrant", {})],
    says: /made by Vagrant \(libvirt\), and this is prod/,
  },
  "host-key-pinned": {
    good: [command("pinned", { hostKey: "ssh-ed25519 AAAA" })],
    bad: [command("not-pinned", {})],
    says: /The host key of the command's node is not pinned/,
  },
  "host-key-given": {
    good: [host("known-host", { hostKey: `ssh-ed25519 ${"A".repeat(68)}` })],
    bad: [host("unknown-host", {})],
    says: /The host unknown-host has no host key in the settings/,
  },
  "bootstrap-password": {
    good: [container("good-password", { envs: ["CATTLE_BOOTSTRAP_PASSWORD=Q7bCwErHyP4q"] })],
    bad: [container("bad-password", { envs: ["CATTLE_BOOTSTRAP_PASSWORD=hunter22"] })],
    says: /The bootstrap password is shorter than 12 characters/,
  },
  "image-pinned": {
    good: [image("pinned-image", "registry:5000/rancher/rancher:v2.12.3")],
    bad: [image("moving-image", "registry:5000/rancher/rancher")],
    says: /has no tag, which stands for `latest`/,
  },
  "privileged-only-rancher": {
    good: [container("plain", { name: "sidecar", privileged: false })],
    bad: [container("privileged", { name: "sidecar" })],
    says: /The container sidecar is privileged/,
  },
  "docker-starts-nothing": {
    good: [container("made-only", {})],
    bad: [container("started", { start: true, restart: "always" })],
    says: /Docker may start the service by itself/,
  },
  "nfs-nodes-only": {
    good: [whole("with-nodes", {}), share("for-nodes", ["192.168.56.11", "192.168.56.12"])],
    bad: [whole("with-nodes-too", {}), share("for-more", ["192.168.56.11", "10.9.8.7"])],
    says: /The export for-more is open to 10\.9\.8\.7, which is no node/,
  },
  "no-nfs-3": {
    good: [mount("four", "vers=4.2,hard")],
    bad: [mount("three", "vers=3,noac")],
    says: /three\.mount mounts with NFS version 3/,
  },
  "protected-data": {
    good: [password("kept", true)],
    bad: [password("losable", false)],
    says: /losable holds data and is not protected/,
  },
  "watchdog-device": {
    good: [agentFile("watched-over", { watchdog: "automatic" }), agentFile("as-it-comes", {})],
    bad: [agentFile("without-device", { watchdog: "off" })],
    says: /The node's agent may use no watchdog device/,
  },
  "lease-on": {
    // As many agents as all cases together have containers.
    good: [container("led", {}), rollout("agents", ["one", "two", "three"])],
    bad: [container("unled", {})],
    says: /nodes have the service's container, and 0 an agent/,
  },
};
