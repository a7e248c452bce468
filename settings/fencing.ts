import { z } from "zod";
import { number, settingsByName } from "./values";

/** Fence agents read `option=value` lines, strip blanks around them, and take quotes off. */
const value = z
  .union([z.string(), z.number(), z.boolean()], { error: "must be a text, a number, true or false" })
  .transform(String)
  .refine((text) => text !== "" && !/[\p{Cc}\p{Surrogate}]/u.test(text) && text.trim() === text, {
    error: "must be one line, not empty and without blanks around it: an agent reads it as a line",
  })
  .refine((text) => !/^".*"$/.test(text), {
    error: "must not be in double quotes: an agent takes them off",
  });

const options = z.record(z.string().regex(/^[a-z][a-z0-9_]*$/), value, {
  error: (issue) =>
    issue.code === "invalid_key"
      ? "has a name that is no option of a fence agent: letters, digits and underscores"
      : settingsByName(issue),
});

const agentSchema = z.strictObject(
  {
    agent: z
      .string({ error: "must be self, or the name of a fence agent" })
      .regex(/^(self|fence_[a-z0-9_]+)$/, {
        error: "must be self, or the name of a fence agent, such as fence_virsh",
      })
      .default("self")
      .describe(
        "self: a node is made silent by its guard, watchdog and lease; or a program such as fence_virsh (Debian: fence-agents), whose confirmed off a successor waits for",
      ),
    options: options
      .default({})
      .describe("What the agent is told for every node, by its own names of options; passwords encrypted"),
    nodes: z
      .record(z.string(), options, {
        error: "is missing: say for each node how the agent calls it, as in `rancher-1: {plug: NAME}`",
      })
      .default({})
      .describe(
        "What it is told for each node, by the node's name: at least how the agent calls it (plug, or ip)",
      ),
    sshKey: z
      .string({ error: "must be a private key" })
      .optional()
      .describe("A private key with which the agent logs in over SSH: keep it encrypted"),
    hostKey: z
      .string({ error: "must be a text" })
      .regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+=*$/, {
        error: "must be a host key such as `ssh-ed25519 AAAA...`, as `ssh-keyscan` prints it behind the name",
      })
      .optional()
      .describe("The SSH host key of where the agent logs in, `TYPE BASE64`"),
    timeout: number(5, 600, " s").default(60).describe("How long fencing a node may take, seconds"),
  },
  { error: settingsByName },
);

export type Fencing = z.infer<typeof agentSchema>;

/** Settings of how a node is made silent that may still write, at the top of a stack's file. */
export const fencingShape = {
  fencing: agentSchema
    .default(agentSchema.parse({}))
    .describe("How a node is made silent that may still write: by itself, or by a fence agent"),
};

/** Whether an agent fences; else nodes fence themselves. */
export const hasAgent = (fencing: Fencing): boolean => fencing.agent !== "self";

/** Options of fence agents that are nobody's business; they are written last, and never shown. */
export const isSecretOption = (name: string): boolean => /passw|secret|token|apikey|api_key/.test(name);

/** Options that this project gives itself. */
const ours = ["action", "nodename", "identity_file"];

/** Mistakes of fencing that lie between settings. */
export function fencingMistakes({
  fencing,
  nodes,
}: {
  fencing: Fencing;
  nodes: { name: string }[];
}): string[] {
  if (!hasAgent(fencing)) {
    const given = Object.entries(fencing).filter(
      ([name, value]) =>
        name !== "agent" &&
        (typeof value === "object" ? Object.keys(value).length : name !== "timeout" && value),
    );
    return given.map(
      ([name]) =>
        `\`fencing.${name}\` says nothing without \`fencing.agent\`: name a fence agent, or remove it`,
    );
  }
  const names = nodes.map(({ name }) => name);
  const { sshKey, hostKey } = fencing;
  const all: [path: string, options: Record<string, string>][] = [
    ["fencing.options", fencing.options],
    ...Object.entries(fencing.nodes).map(([name, own]): [string, Record<string, string>] => [
      `fencing.nodes.${name}`,
      own,
    ]),
  ];
  return [
    ...names
      .filter((name) => Object.keys(fencing.nodes[name] ?? {}).length === 0)
      .map((name) => `\`fencing.nodes.${name}\` is missing: say how the agent calls it, as in {plug: NAME}`),
    ...Object.keys(fencing.nodes)
      .filter((name) => !names.includes(name))
      .map((name) => `\`fencing.nodes.${name}\` is no node; the nodes are ${names.join(", ")}`),
    ...all.flatMap(([path, options]) =>
      ours
        .filter((name) => name in options)
        .map((name) =>
          name === "identity_file"
            ? `\`${path}.${name}\` must not be given: give the key itself as \`fencing.sshKey\``
            : `\`${path}.${name}\` must not be given: the guard says it`,
        ),
    ),
    ...(sshKey && !hostKey
      ? [
          "`fencing.hostKey` is missing: with `fencing.sshKey` anybody in between could say that a node is off",
        ]
      : []),
    ...(hostKey && !sshKey
      ? ["`fencing.sshKey` is missing: `fencing.hostKey` is for logging in with it"]
      : []),
    ...(sshKey && fencing.options.ip && !/^[A-Za-z0-9.:-]+$/.test(fencing.options.ip)
      ? ["`fencing.options.ip` must be an address or a host name"]
      : []),
    ...(sshKey && fencing.options.ipport && !/^\d{1,5}$/.test(fencing.options.ipport)
      ? ["`fencing.options.ipport` must be a port number"]
      : []),
    ...(sshKey && !fencing.options.ip
      ? ["`fencing.options.ip` is missing: the address that the agent logs in at with `fencing.sshKey`"]
      : []),
    ...(sshKey && !/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(sshKey)
      ? ["`fencing.sshKey` must be the text of a private key, from its BEGIN line on"]
      : []),
  ];
}
