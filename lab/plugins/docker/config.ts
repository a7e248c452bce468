import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { checkFields, type Fields } from "../fields";
import type { Checked } from "../plugin";
import type { Login } from "../ssh";
import { isUnknown, type Values } from "../values";
import { knownKeys } from "./known-hosts";
import { parseRegistryAuth } from "./registry-auth";

/** The engine's host and how to log in, before any file is read. */
export interface DockerHost {
  host: string;
  port: number;
  user: string;
  keyFile: string;
  knownHostsFile: string;
  /** Whether the host's key must be in that file. */
  verify: boolean;
  /** Seconds. */
  connectTimeout: number;
  keepalive: { interval: number; count: number };
}

/** Default seconds for the connection, without ssh's ConnectTimeout; ssh itself would wait for minutes. */
const defaultConnectTimeout = 10;

const home = (path: string): string => (path.startsWith("~/") ? join(homedir(), path.slice(2)) : path);

function parseHost(host: string): Pick<DockerHost, "host" | "port" | "user"> {
  const match = /^ssh:\/\/([^@/:]+)@(\[[0-9A-Fa-f:.]+\]|[^@/:]+)(?::(\d+))?\/?$/.exec(host);
  if (!match) {
    throw new Error(
      `\`host\` must be ssh://USER@HOST or ssh://USER@HOST:PORT, not ${host}: the offline stand-in reaches engines over SSH only`,
    );
  }
  const [, user = "", name = "", port] = match;
  return {
    user: decodeURIComponent(user),
    host: name.replace(/^\[|\]$/g, ""),
    port: port ? Number(port) : 22,
  };
}

/** Parses `-F FILE`, `-i KEY` and `-o NAME=VALUE`, also written as one word, to a list of pairs; `-i` is ssh's IdentityFile. */
function pairs(words: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const flag = word.slice(0, 2);
    if (flag !== "-i" && flag !== "-o" && flag !== "-F") {
      throw new Error(
        `\`sshOpts\` has ${word}: the offline stand-in understands \`-F /dev/null\`, \`-i FILE\` and \`-o NAME=VALUE\` only`,
      );
    }
    const value = word.length > 2 ? word.slice(2) : (words[++index] ?? "");
    if (flag === "-i") found.push(["identityfile", value]);
    else if (flag === "-F") found.push(["-f", value]);
    else {
      const [, name = "", text = ""] = /^\s*(\w*)(?:\s*=\s*|\s+)(.*)$/s.exec(value) ?? [value, value];
      found.push([name.toLowerCase(), text.replace(/^"(.*)"$/s, "$1")]);
    }
  }
  return found;
}

const seconds = (name: string, value: string): number => {
  if (!/^\d+$/.test(value))
    throw new Error(`\`sshOpts\` has ${name}=${value}: it must be a number of seconds`);
  return Number(value);
};

function only(name: string, value: string, ...allowed: string[]): void {
  if (allowed.includes(value.toLowerCase())) return;
  throw new Error(
    `\`sshOpts\` has ${name}=${value}: the offline stand-in takes ${allowed.join(" or ")} for it`,
  );
}

/**
 * Reads the provider's configuration.
 *
 * @param sshOpts words for the ssh program, as a JSON list
 * @throws Error that names the setting
 */
export function parseConfig(host: string, sshOpts: string | undefined): DockerHost {
  let words: unknown = [];
  try {
    if (sshOpts) words = JSON.parse(sshOpts);
  } catch {
    // The check below reports this.
  }
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) {
    throw new Error("`sshOpts` must be a list of texts");
  }
  const config: DockerHost = {
    ...parseHost(host),
    keyFile: "",
    knownHostsFile: join(homedir(), ".ssh", "known_hosts"),
    verify: true,
    connectTimeout: defaultConnectTimeout,
    keepalive: { interval: 5, count: 3 },
  };
  for (const [name, value] of pairs(words as string[])) {
    if (name === "identityfile") config.keyFile = home(value);
    else if (name === "userknownhostsfile") config.knownHostsFile = home(value);
    else if (name === "connecttimeout") config.connectTimeout = seconds("ConnectTimeout", value);
    else if (name === "serveraliveinterval")
      config.keepalive.interval = seconds("ServerAliveInterval", value);
    else if (name === "serveralivecountmax") config.keepalive.count = seconds("ServerAliveCountMax", value);
    else if (name === "stricthostkeychecking") {
      only("StrictHostKeyChecking", value, "yes", "no");
      config.verify = value.toLowerCase() === "yes";
    } // The next options describe how the stand-in always works: it never asks, tries one key, and logs nothing itself.
    else if (name === "-f") only("-F", value, "/dev/null", "none");
    else if (name === "globalknownhostsfile") only("GlobalKnownHostsFile", value, "/dev/null", "none");
    else if (name === "batchmode") only("BatchMode", value, "yes");
    else if (name === "identitiesonly") only("IdentitiesOnly", value, "yes");
    else if (name !== "loglevel") {
      throw new Error(
        `\`sshOpts\` has the option ${name}, which the offline stand-in does not implement: leave it out`,
      );
    }
  }
  if (!config.keyFile) throw new Error('`sshOpts` names no key: add ["-i", "FILE"]');
  return config;
}

const fields: Fields = {
  host: { is: "string", required: true },
  sshOpts: { is: "string" },
  // Added by the engine.
  version: { is: "anything" },
  registryAuth: { is: "string" },
  context: { is: "refused", instead: "use `host`" },
};

/** Checks the provider's configuration; values that are not known yet pass. */
export function checkConfig(news: Values): Checked {
  const { inputs, failures } = checkFields("docker", fields, news);
  const { host, sshOpts, registryAuth } = inputs;
  if (failures.length === 0 && !isUnknown(host) && !isUnknown(sshOpts)) {
    try {
      parseConfig(host as string, sshOpts as string | undefined);
    } catch (error) {
      const { message } = error as Error;
      failures.push({ property: /`(\w+)`/.exec(message)?.[1] ?? "host", reason: message });
    }
  }
  if (!isUnknown(registryAuth)) {
    try {
      parseRegistryAuth(registryAuth as string | undefined);
    } catch (error) {
      failures.push({ property: "registryAuth", reason: (error as Error).message });
    }
  }
  return { inputs, failures };
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`${what} ${file}, which \`sshOpts\` names, cannot be read: ${(error as Error).message}`);
  }
}

/**
 * The login with the files' contents. They are read this late, since the program may have made the files in the same
 * run.
 */
export function loginTo(config: DockerHost): Login {
  const { host, port, user, keyFile, knownHostsFile, verify, connectTimeout, keepalive } = config;
  const hostKeys = verify ? knownKeys(read(knownHostsFile, "the known hosts file"), host, port) : undefined;
  if (hostKeys?.length === 0) {
    throw new Error(
      `${knownHostsFile} has no key for ${host} port ${port}: add it, or name the right file in \`sshOpts\``,
    );
  }
  return {
    host,
    port,
    user,
    hostKeys,
    privateKey: read(keyFile, "the key"),
    connectTimeout: connectTimeout * 1000,
    keepalive: { interval: keepalive.interval * 1000, count: keepalive.count },
    retries: 0,
    keySetting: keyFile,
  };
}
