import { check, levels, type Rule, types } from "../rule";

interface Command {
  connection: { hostKey?: string; proxy?: { hostKey?: string } };
}

/** The provider of @pulumi/docker. `sshOpts` is a list in the program, and JSON on the way to the plugin. */
interface DockerProvider {
  host: string;
  sshOpts: string | string[];
}

const notPinned = "is not pinned: anybody on the way could answer in the node's name";

const hostKeyPinned: Rule = {
  name: "host-key-pinned",
  reason: "Without a pinned host key, whoever answers gets root's commands and the secrets in them.",
  remedy: "Give the node's `hostKey` (`ssh-keyscan` shows it; compare it with the one on the node itself).",
  severity: "critical",
  beyond: "This program pins every key. A command or a Docker provider of your own may not.",
  levels: levels("mandatory"),
  resources: {
    [types.command]: check<Command>(({ connection }) => {
      if (!connection) return [];
      const keys = [connection, ...(connection.proxy ? [connection.proxy] : [])];
      return keys.some(({ hostKey }) => !hostKey) ? [`The host key of the command's node ${notPinned}`] : [];
    }),
    [types.docker]: check<DockerProvider>(({ host = "", sshOpts }) => {
      if (!host.startsWith("ssh:")) return [];
      const text = typeof sshOpts === "string" ? sshOpts : JSON.stringify(sshOpts ?? []);
      // Without it said here, the user's own configuration of ssh may have said `no`.
      const isOn = /StrictHostKeyChecking=yes/i.test(text);
      return !isOn || !/UserKnownHostsFile=(?!\/dev\/null)/.test(text)
        ? [`The host key of Docker's node ${notPinned}`]
        : [];
    }),
  },
};

const hostKeyGiven: Rule = {
  name: "host-key-given",
  reason: "A host key that is pinned at the first contact is that of whoever answered then.",
  remedy: "Give the host's `hostKey`, as /etc/ssh/ssh_host_ed25519_key.pub on the host has it.",
  severity: "high",
  beyond: "The settings take a host without its key, which is then pinned at the first contact.",
  levels: levels("disabled", { hosts: "advisory", prod: "mandatory" }),
  resources: {
    [types.host]: check<{ hostKey: string }>(({ hostKey }, _context, { name }) =>
      hostKey ? [] : [`The host ${name} has no host key in the settings`],
    ),
  },
};

export const accessRules: Rule[] = [hostKeyPinned, hostKeyGiven];
