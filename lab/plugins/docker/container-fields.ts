import { type Fields, oneOf, whole } from "../fields";
import { plain, type Value, type Values } from "../values";
import { commonFields } from "./common-fields";

/** The inputs of `docker:index/container:Container` 5.2.0 that are implemented, with the official defaults. */
export const containerFields: Fields = {
  ...commonFields,
  image: { is: "string", required: true },
  start: { is: "boolean" },
  mustRun: { is: "boolean" },
  restart: { is: "string", rule: oneOf("no", "on-failure", "always", "unless-stopped") },
  privileged: { is: "boolean" },
  envs: { is: "list", of: { is: "string" } },
  hostname: { is: "string" },
  command: { is: "list", of: { is: "string" } },
  entrypoints: { is: "list", of: { is: "string" } },
  networkMode: { is: "string", default: "bridge" },
  cgroupParent: { is: "string" },
  hosts: {
    is: "list",
    of: {
      is: "object",
      fields: { host: { is: "string", required: true }, ip: { is: "string", required: true } },
    },
  },
  destroyGraceSeconds: { is: "number", rule: whole(0) },
  removeVolumes: { is: "boolean", default: true },
  memory: { is: "number", rule: whole(0) },
  memorySwap: { is: "number", rule: whole(-1) },
  cpus: { is: "string" },
  shmSize: { is: "number", rule: whole(1) },
  user: { is: "string" },
  stopSignal: { is: "string" },
  capabilities: {
    is: "object",
    fields: {
      adds: { is: "list", of: { is: "string" } },
      drops: { is: "list", of: { is: "string" } },
    },
  },
  ports: {
    is: "list",
    of: {
      is: "object",
      fields: {
        internal: { is: "number", required: true, rule: whole(1, 65_535) },
        external: { is: "number", required: true, rule: whole(1, 65_535) },
        ip: { is: "string", default: "0.0.0.0" },
        protocol: { is: "string", default: "tcp", rule: oneOf("tcp", "udp", "sctp") },
      },
    },
  },
  mounts: {
    is: "list",
    of: {
      is: "object",
      fields: {
        type: { is: "string", required: true, rule: oneOf("bind", "volume", "tmpfs") },
        target: { is: "string", required: true },
        source: { is: "string" },
        readOnly: { is: "boolean" },
      },
    },
  },
  volumes: {
    is: "list",
    of: {
      is: "object",
      fields: {
        containerPath: { is: "string", required: true },
        hostPath: { is: "string" },
        volumeName: { is: "string" },
        readOnly: { is: "boolean" },
      },
    },
  },
  // Their defaults change nothing, and neither does a time limit for something that is refused.
  attach: { is: "refused", allowed: [false], instead: "look at the container yourself" },
  logs: { is: "refused", allowed: [false], instead: "use `docker logs`" },
  wait: { is: "refused", allowed: [false], instead: "wait for the service where you use it" },
  waitTimeout: { is: "number", default: 60 },
  containerReadRefreshTimeoutMilliseconds: { is: "number", default: 15_000, rule: whole(0) },
};

/** The inputs after the check. */
export interface ContainerInputs {
  name: string;
  image: string;
  start?: boolean;
  mustRun?: boolean;
  restart?: string;
  privileged?: boolean;
  envs?: string[];
  hostname?: string;
  command?: string[];
  entrypoints?: string[];
  networkMode: string;
  cgroupParent?: string;
  hosts?: { host: string; ip: string }[];
  destroyGraceSeconds?: number;
  removeVolumes: boolean;
  memory?: number;
  memorySwap?: number;
  /** A decimal number of processors. */
  cpus?: string;
  /** MiB. */
  shmSize?: number;
  user?: string;
  stopSignal?: string;
  capabilities?: { adds?: string[]; drops?: string[] };
  labels?: { label: string; value: string }[];
  ports?: { internal: number; external: number; ip: string; protocol: string }[];
  mounts?: { type: "bind" | "volume" | "tmpfs"; target: string; source?: string; readOnly?: boolean }[];
  volumes?: { containerPath: string; hostPath?: string; volumeName?: string; readOnly?: boolean }[];
  containerReadRefreshTimeoutMilliseconds: number;
}

/** Inputs that change in place; all others are fixed when a container is made. */
export const changedInPlace: ReadonlySet<string> = new Set([
  "start",
  "mustRun",
  "restart",
  "memory",
  "memorySwap",
  "destroyGraceSeconds",
  "removeVolumes",
  "attach",
  "logs",
  "wait",
  "waitTimeout",
  "containerReadRefreshTimeoutMilliseconds",
]);

/** The values of absent properties. The official plugin writes some of them explicitly, so both forms are equal. */
const meaning: Values = {
  start: true,
  mustRun: true,
  restart: "no",
  privileged: false,
  networkMode: "bridge",
  removeVolumes: true,
  memory: 0,
  memorySwap: 0,
  destroyGraceSeconds: 0,
  attach: false,
  logs: false,
  wait: false,
  waitTimeout: 60,
  containerReadRefreshTimeoutMilliseconds: 15_000,
  // False in the official plugin, too; it cannot be set here.
  rm: false,
  readOnly: false,
  tty: false,
  stdinOpen: false,
  publishAllPorts: false,
};

/** Lists whose order does not matter. */
const sets: ReadonlySet<string> = new Set(["envs", "hosts", "labels", "ports", "mounts", "volumes"]);

/** A text that is equal for equal values; the order of an object's members does not matter. */
const key = (value: Value): string =>
  JSON.stringify(value, (_name, part) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part as Values).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** An entry without the members that only repeat a default. */
function entry(value: Value): Value {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== false && part !== ""));
}

/** Normalizes inputs, so that two with the same meaning are equal. */
export function comparable(inputs: Values): Values {
  const result: Values = { ...meaning, ...plain(inputs) };
  for (const [name, value] of Object.entries(result)) {
    if (!Array.isArray(value)) continue;
    if (value.length === 0) delete result[name];
    else if (sets.has(name)) result[name] = value.map(entry).sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }
  return result;
}

/** Whether the container must run. */
export const mustRun = ({ start, mustRun: must }: Pick<ContainerInputs, "start" | "mustRun">): boolean =>
  start !== false && must !== false;
