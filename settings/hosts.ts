import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { text, whole } from "./values";

/*
 * The settings of a node that existed before: how to log in to it. In place of these a node has `machine`, or nothing.
 */

/** Stands for a setting's value that only Pulumi can decrypt, where the stack's file is checked without Pulumi. */
export const encrypted = "[encrypted]";

const hostName =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const expanded = (path: string): string => (path.startsWith("~/") ? join(homedir(), path.slice(2)) : path);

export const hostSchema = z
  .strictObject(
    {
      address: text
        .refine(
          (value) =>
            ipaddr.IPv4.isValidFourPartDecimal(value) || (hostName.test(value) && !/^[\d.]+$/.test(value)),
          {
            error: "must be an IPv4 address or a host's name, such as 10.0.0.11 or node1.example.com",
          },
        )
        .optional()
        .describe("Where its SSH server answers; default: the node's `address`"),
      user: z
        .string({ error: "is missing: the user to log in as, root or one with passwordless sudo" })
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/, {
          error: "must be a user's name: lower-case letters, digits, dashes and underscores, at most 32",
        })
        .describe("The user to log in as: root, or one with passwordless sudo"),
      port: whole(1, 65_535).default(22).describe("Port of its SSH server"),
      keyFile: text
        .transform(expanded)
        .refine((path) => isAbsolute(path) && !/\p{Cc}/u.test(path), {
          error: "must be the path of a private key on this machine, absolute or beginning with ~/",
        })
        .optional()
        .describe("File of the private key on this machine, without a passphrase"),
      privateKey: text
        .refine((value) => value === encrypted || /^-----BEGIN [A-Z ]*PRIVATE KEY-----\s/.test(value), {
          error:
            "must be the text of a private key (OpenSSH or PEM), best set with `pulumi config set --secret --path`",
        })
        .optional()
        .describe("The private key itself, in place of `keyFile`: keep it encrypted"),
      hostKey: text
        .regex(
          /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,2}( [^\p{Cc}]*)?$/u,
          {
            error:
              "must be the host's public key, type and base64, such as `ssh-ed25519 AAAA...` (`ssh-keyscan` shows it; compare with /etc/ssh/ssh_host_ed25519_key.pub on the host)",
          },
        )
        .transform((value) => value.split(" ").slice(0, 2).join(" "))
        .optional()
        .describe("The host's public SSH key; default: pinned at the first contact and kept"),
    },
    {
      error: (issue) =>
        issue.code === "invalid_type" ? "must be settings by name: `user` and `keyFile`, ..." : undefined,
    },
  )
  .superRefine(({ keyFile, privateKey }, context) => {
    if ((keyFile === undefined) === (privateKey === undefined))
      context.addIssue({
        code: "custom",
        message:
          keyFile === undefined
            ? "has no key: give `keyFile`, a file on this machine, or `privateKey`, encrypted"
            : "has `keyFile` and `privateKey`: remove one of them",
      });
  });

/** How to log in to a node that existed before. */
export type HostSettings = z.output<typeof hostSchema>;
