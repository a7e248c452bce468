import { z } from "zod";
import { watchdogModes } from "../domain/agent-configuration";
import { fencesByStorage, hasAgent } from "../domain/fencing";
import { type Mistake, mistake } from "../domain/mistake";
import { fenceLimit } from "../domain/timers";
import { group, number, oneOf, type Rule, secret, setting, settingsByName } from "./values";

/** Fence agents read `option=value` lines, strip blanks around them, and take quotes off. */
const value = secret(
  z
    .union([z.string(), z.number(), z.boolean()], { error: "must be a text, a number, true or false" })
    .transform(String)
    .refine((text) => text !== "" && !/[\p{Cc}\p{Surrogate}]/u.test(text) && text.trim() === text, {
      error: "must be one line, not empty and without blanks around it: an agent reads it as a line",
    })
    .refine((text) => !/^".*"$/.test(text), {
      error: "must not be in double quotes: an agent takes them off",
    }),
);

const options = z.record(z.string().regex(/^[a-z][a-z0-9_]*$/), value, {
  error: (issue) =>
    issue.code === "invalid_key"
      ? "has a name that is no option of a fence agent: letters, digits and underscores"
      : settingsByName(issue),
});

const agentSchema = group({
  agent: setting(
    z
      .string({ error: "must be self, storage, or the name of a fence agent" })
      .regex(/^(self|storage|fence_[a-z0-9_]+)$/, {
        error: "must be self, storage, or the name of a fence agent, such as fence_virsh",
      })
      .default("self"),
    "self: a node is made silent by its agent, watchdog and lease; storage: the NFS server cuts it off at once, with `storage: machine`; or a program such as fence_virsh (Debian: fence-agents), whose confirmed off a successor waits for",
  ),
  options: setting(
    options.default({}),
    "What the agent is told for every node, by its own names of options; passwords encrypted",
  ),
  nodes: setting(
    z
      .record(z.string(), options, {
        error: "is missing: say for each node how the agent calls it, as in `rancher-1: {plug: NAME}`",
      })
      .default({}),
    "What it is told for each node, by the node's name: at least how the agent calls it (plug, or ip)",
  ),
  sshKey: setting(
    secret(
      z
        .string({ error: "must be a private key" })
        .refine((text) => /^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(text), {
          error: "must be the text of a private key, from its BEGIN line on",
        }),
    ).optional(),
    "A private key with which the agent logs in over SSH: keep it encrypted",
  ),
  hostKey: setting(
    z
      .string({ error: "must be a text" })
      .regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/, {
        error: "must be a host key such as `ssh-ed25519 AAAA...`, as `ssh-keyscan` prints it behind the name",
      })
      .optional(),
    "The SSH host key of where the agent logs in, `TYPE BASE64`",
  ),
  watchdog: setting(
    oneOf(watchdogModes).default("automatic"),
    "The watchdog device that resets a node which cannot stop its service: automatic uses it where there is one; required keeps a node without one from serving; off uses none",
  ),
  timeout: setting(
    number(fenceLimit.least, fenceLimit.most, " s").default(fenceLimit.default),
    fenceLimit.what,
  ),
});

export type Fencing = z.infer<typeof agentSchema>;

/** Settings of how a node is made silent that may still write, at the top of a stack's file. */
export const fencingShape = {
  fencing: setting(
    agentSchema.default(agentSchema.parse({})),
    "How a node is made silent that may still write: by itself, by the NFS server, or by a fence agent: docs/fencing.md",
    "by itself",
  ),
};

/** Options that this project gives itself, and what to do instead. */
const ours: Record<string, string> = {
  action: "the agent says it",
  nodename: "the agent says it",
  identity_file: "give the key itself as `fencing.sshKey`",
};

interface FencingGiven {
  fencing: Fencing;
  nodes: { name: string }[];
  storage: string;
  nfsVersion: string;
}

/** A rule for where an agent fences. */
const withAgent = (of: readonly string[], check: (given: FencingGiven) => Mistake[]): Rule<FencingGiven> => ({
  of: ["fencing.agent", ...of],
  check: (given) => (hasAgent(given.fencing) ? check(given) : []),
});

/** Without an agent nothing else of `fencing` means anything; the time limit has a default and does no harm. */
const withoutAgent = (["options", "nodes", "sshKey", "hostKey"] as const).map(
  (name): Rule<FencingGiven> => ({
    of: ["fencing.agent", `fencing.${name}?`],
    check: ({ fencing }) => {
      const given = fencing[name];
      const isGiven = typeof given === "object" ? Object.keys(given).length > 0 : given !== undefined;
      return !hasAgent(fencing) && isGiven
        ? [
            mistake(
              `fencing.${name}`,
              "says nothing without `fencing.agent`",
              "name a fence agent, or remove it",
            ),
          ]
        : [];
    },
  }),
);

function nodeMistakes({ fencing, nodes }: FencingGiven): Mistake[] {
  const names = nodes.map(({ name }) => name);
  return [
    ...names
      .filter((name) => Object.keys(fencing.nodes[name] ?? {}).length === 0)
      .map((name) =>
        mistake(`fencing.nodes.${name}`, "is missing", "say how the agent calls it, as in {plug: NAME}"),
      ),
    ...Object.keys(fencing.nodes)
      .filter((name) => !names.includes(name))
      .map((name) => mistake(`fencing.nodes.${name}`, `is no node; the nodes are ${names.join(", ")}`)),
  ];
}

const oursIn = (path: string, options: Record<string, string>): Mistake[] =>
  Object.entries(ours).flatMap(([name, instead]) =>
    name in options ? [mistake(`${path}.${name}`, "must not be given", instead)] : [],
  );

/** What an agent that logs in over SSH needs beside its key. */
function sshMistakes({ fencing: { options } }: FencingGiven): Mistake[] {
  const { ip, ipport } = options;
  if (!ip)
    return [
      mistake(
        "fencing.options.ip",
        "is missing",
        "the address that the agent logs in at with `fencing.sshKey`",
      ),
    ];
  return [
    ...(/^[A-Za-z0-9.:-]+$/.test(ip)
      ? []
      : [mistake("fencing.options.ip", "must be an address or a host name")]),
    ...(ipport && !/^\d{1,5}$/.test(ipport)
      ? [mistake("fencing.options.ipport", "must be a port number")]
      : []),
  ];
}

/** The helper runs on a server that is the stack's own, and goes by its locks. */
const byStorage: Rule<FencingGiven> = {
  of: ["fencing.agent", "storage", "nfsVersion"],
  check: ({ fencing, storage, nfsVersion }) =>
    fencesByStorage(fencing) && (storage !== "machine" || nfsVersion === "3")
      ? [
          mistake(
            "fencing.agent",
            "cannot be storage without `storage: machine` and NFS 4.2",
            "a helper on the NFS server does it, which must be a machine of the stack; use self, or a fence agent",
          ),
        ]
      : [],
};

/** What fencing must keep to. */
export const fencingRules: Rule<FencingGiven>[] = [
  byStorage,
  ...withoutAgent,
  withAgent(["fencing.nodes", "nodes[].name"], nodeMistakes),
  withAgent(["fencing.options"], ({ fencing }) => oursIn("fencing.options", fencing.options)),
  withAgent(["fencing.nodes"], ({ fencing }) =>
    Object.entries(fencing.nodes).flatMap(([name, own]) => oursIn(`fencing.nodes.${name}`, own)),
  ),
  withAgent(["fencing.sshKey?", "fencing.hostKey?"], ({ fencing: { sshKey, hostKey } }) =>
    sshKey && !hostKey
      ? [
          mistake(
            "fencing.hostKey",
            "is missing",
            "with `fencing.sshKey` anybody in between could say that a node is off",
          ),
        ]
      : hostKey && !sshKey
        ? [mistake("fencing.sshKey", "is missing", "`fencing.hostKey` is for logging in with it")]
        : [],
  ),
  withAgent(["fencing.sshKey?", "fencing.options"], (given) =>
    given.fencing.sshKey ? sshMistakes(given) : [],
  ),
];
