import { isAbsolute } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { removeFolder } from "../../local/files";
import { unknownValue } from "../../local/pulumi/values";
import type { SshEndpoint } from "../remote/endpoint";
import { presentedHostKey } from "../remote/first-contact";
import { bareScriptLine } from "../remote/script";
import { asRoot, type ExecResult, exec, lastLines, sudoHint } from "../remote/ssh";
import { checkInputs } from "../validation";
import { knownHostsFile, ownKeyFile, writeFolder } from "./folder";
import {
  architectureOf,
  hostMistakes,
  type Inspection,
  interfaceOf,
  parseClaim,
  parseInspection,
  takenBy,
} from "./inspection";

/** A Host's checked inputs. */
export interface HostInputs {
  name: string;
  address: string;
  vips: string[];
  host: string;
  port: number;
  user: string;
  privateKey: string;
  keyFile?: string;
  hostKey?: string;
  directory: string;
  memory?: number;
  /** Default true. */
  service?: boolean;
  /** `project/stack/name` */
  owner: string;
}

export interface HostOutputs extends HostInputs {
  ssh: SshEndpoint;
  interface: string;
  system: string;
  architecture: string;
}

const text = z.string("must be a text").min(1, "must not be empty");

const schema = z.looseObject({
  name: text,
  address: text,
  vips: z.array(text, "must be a list"),
  host: text,
  port: z.number("must be a number").int().min(1).max(65_535, "must be at most 65535"),
  user: text,
  privateKey: text.regex(/PRIVATE KEY-----/, "must be the text of a private key (OpenSSH or PEM)"),
  directory: text.refine(isAbsolute, "must be an absolute path"),
});

/** Milliseconds in which a host must answer, and a script on it must end. */
const limits = { contact: 30_000, script: 60_000 };

/** The exit code of `claim` if the host belongs to another node. */
const taken = 83;

function refused(ssh: SshEndpoint, name: string, result: ExecResult): Error {
  return new Error(
    `host ${name}: ${lastLines(result.stderr || result.stdout) || `code ${result.code}`}${sudoHint(ssh, result)}`,
  );
}

/**
 * How to log in. The host key is the one in the settings, or else the pinned one, or else the one that the host shows
 * now.
 */
async function endpointOf(inputs: HostInputs, pinned: string | undefined): Promise<SshEndpoint> {
  const { name, host, port } = inputs;
  const known = inputs.hostKey ?? pinned;
  if (known) return endpointWith(inputs, known);
  const hostKey = await presentedHostKey(host, port, limits.contact);
  console.log(`${name}: pinned the host key that ${host} shows now, ${hostKey}`);
  return endpointWith(inputs, hostKey);
}

function endpointWith(
  { host, port, user, privateKey, keyFile, directory }: HostInputs,
  hostKey: string,
): SshEndpoint {
  return {
    ...{ host, port, user, privateKey, hostKey },
    keyFile: keyFile ?? ownKeyFile(directory),
    knownHostsFile: knownHostsFile(directory),
  };
}

/** The outputs that an update leaves as they are, for previews. A host keeps the name of its interface. */
function stableOutputs({ ssh, address }: HostOutputs, news: HostInputs): (keyof HostOutputs)[] {
  const isReachedAlike =
    news.directory !== unknownValue &&
    isDeepStrictEqual(endpointWith(news, news.hostKey ?? ssh.hostKey), ssh);
  return [
    "architecture",
    ...(isReachedAlike ? (["ssh"] as const) : []),
    ...(news.address === address ? (["interface"] as const) : []),
  ];
}

async function look(
  ssh: SshEndpoint,
  name: string,
): Promise<{ found: Inspection; clock: { earliest: number; latest: number } }> {
  // All commands share a connection. The first one pays for the login, so the clock is read after it.
  await exec(ssh, "true", { timeout: limits.contact });
  const earliest = Date.now() / 1000;
  const result = await exec(ssh, bareScriptLine("host/look", []), { timeout: limits.script });
  if (result.code === 127)
    throw new Error(`host ${name}: it has no bash, which all scripts are written for: install it`);
  if (result.code !== 0) throw refused(ssh, name, result);
  return { found: parseInspection(result.stdout), clock: { earliest, latest: Date.now() / 1000 } };
}

/**
 * Checks that the host is fit, and claims it. Nothing is changed on it unless all checks pass.
 *
 * @throws Error with all that is wrong with it
 */
async function take(inputs: HostInputs, pinned?: string): Promise<HostOutputs> {
  const { name, address, owner, user, directory } = inputs;
  const ssh = await endpointOf(inputs, pinned);
  const { found, clock } = await look(ssh, name);
  const mistakes = hostMistakes(found, inputs, clock);
  if (mistakes.length > 0)
    throw new Error(
      [
        `the host ${name} (${inputs.host}) cannot be a node; nothing was changed on it:`,
        ...mistakes.map((each) => `  - ${each}`),
      ].join("\n"),
    );
  // Who is root is let into no group: without a service nobody needs Docker's.
  const dockerUser = inputs.service === false ? "root" : user;
  const claimed = await exec(ssh, asRoot(ssh, bareScriptLine("host/claim", [owner, dockerUser])), {
    timeout: limits.script,
  });
  // Another stack was faster.
  if (claimed.code === taken) throw new Error(`host ${name}: ${takenBy(parseClaim(claimed.stdout))}`);
  if (claimed.code !== 0) throw refused(ssh, name, claimed);
  await writeFolder(directory, ssh);
  return {
    ...inputs,
    ssh,
    interface: interfaceOf(found, address) ?? "",
    system: found.system,
    architecture: architectureOf(found) ?? "",
  };
}

const fields = [
  "name",
  "address",
  "vips",
  "port",
  "user",
  "privateKey",
  "keyFile",
  "hostKey",
  "directory",
  "memory",
  "service",
  "owner",
] as const;

const inputsOf = (props: HostOutputs): Partial<HostInputs> =>
  Object.fromEntries(
    [...fields, "host" as const].flatMap((key) => (props[key] === undefined ? [] : [[key, props[key]]])),
  );

/** The provider of {@link Host}: see there for what it does. */
export const host = {
  async check(olds: Partial<HostInputs>, news: Partial<HostInputs>): Promise<pulumi.dynamic.CheckResult> {
    const { inputs, failures = [] } = await checkInputs(schema, news, { port: 22 });
    const isOther = olds?.host !== undefined && olds.host !== news.host && news.host !== unknownValue;
    return {
      inputs,
      failures: isOther
        ? [
            ...failures,
            {
              property: "host",
              reason: `\`host\` of the node ${olds.name} was ${olds.host} and cannot become ${news.host}: give the new host a \`name\` of its own, so that the old one is left in order`,
            },
          ]
        : failures,
    };
  },

  /**
   * | what changes | verb |
   * |---|---|
   * | host | refused by `check`: everything on the old one would stay there |
   * | anything else | update: the host is inspected again |
   */
  async diff(_id: string, olds: HostOutputs, news: HostInputs): Promise<pulumi.dynamic.DiffResult> {
    const changes = fields.some((key) => !isDeepStrictEqual(olds[key], news[key]));
    return { changes, replaces: [], stables: stableOutputs(olds, news) };
  },

  async create(inputs: HostInputs): Promise<pulumi.dynamic.CreateResult<HostOutputs>> {
    return { id: inputs.owner, outs: await take(inputs) };
  },

  /**
   * A host without a claim counts as gone: it was reinstalled, and the next `up` claims it again. A user who was taken out of
   * Docker's group is drift: claiming it again mends that.
   */
  async read(id: string, props: HostOutputs): Promise<pulumi.dynamic.ReadResult> {
    const { found } = await look(props.ssh, props.name);
    if (found.owner !== props.owner) return { id: "" };
    await writeFolder(props.directory, props.ssh);
    const user =
      found.docker || props.service === false ? props.user : `${props.user}, who may not use Docker`;
    const inputs = { ...inputsOf(props), user };
    const device = interfaceOf(found, props.address) ?? props.interface;
    return { id, props: { ...props, user, interface: device, system: found.system }, inputs };
  },

  async update(
    _id: string,
    olds: HostOutputs,
    news: HostInputs,
  ): Promise<pulumi.dynamic.UpdateResult<HostOutputs>> {
    return { outs: await take(news, olds.ssh.hostKey) };
  },

  async delete(_id: string, { ssh, name, owner, directory }: HostOutputs): Promise<void> {
    const result = await exec(ssh, asRoot(ssh, bareScriptLine("host/release", [owner])), {
      timeout: limits.script,
    });
    if (result.code !== 0) throw refused(ssh, name, result);
    await removeFolder(directory);
  },
};
