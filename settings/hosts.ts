import { isAbsolute } from "node:path";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { unusableAddress } from "../domain/address-kinds";
import { type Mistake, mistake } from "../domain/mistake";
import { dotsError, noDots, type Rule, secret, setting, text, whole } from "./values";

/*
 * The settings of a node that existed before: how to log in to it. In place of these a node has `machine`, or nothing.
 */

const hostName =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const publicKey = /^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,2}( [^\p{Cc}]*)?$/u;

/** Whether the key's bytes begin with its type, as RFC 4253 6.6 has it. */
function isOfItsType(value: string): boolean {
  const [type = "", base64 = ""] = value.split(" ");
  const bytes = Buffer.from(base64, "base64");
  return bytes.length > 4 + type.length && bytes.toString("latin1", 4, 4 + bytes.readUInt32BE(0)) === type;
}

export const hostSchema = z.strictObject(
  {
    address: setting(
      text
        .refine(
          (value) =>
            ipaddr.IPv4.isValidFourPartDecimal(value) || (hostName.test(value) && !/^[\d.]+$/.test(value)),
          {
            error: "must be an IPv4 address or a host's name, such as 10.0.0.11 or node1.example.com",
          },
        )
        .refine((value) => !ipaddr.IPv4.isValidFourPartDecimal(value) || !unusableAddress(value), {
          error: "must be an address that the host can have: no loopback, multicast or reserved one",
        })
        .optional(),
      "Where its SSH server answers",
      "the node's `address`",
    ),
    user: setting(
      z
        .string({ error: "is missing: the user to log in as, root or one with passwordless sudo" })
        .regex(/^[a-z_][a-z0-9_-]{0,31}$/, {
          error: "must be a user's name: lower-case letters, digits, dashes and underscores, at most 32",
        }),
      "The user to log in as: root, or one with passwordless sudo",
    ),
    port: setting(whole(1, 65_535).default(22), "Port of its SSH server"),
    keyFile: setting(
      text
        .refine((path) => (path.startsWith("~/") || isAbsolute(path)) && !/\p{Cc}/u.test(path), {
          error: "must be the path of a private key on this machine, absolute or beginning with ~/",
        })
        .refine(noDots, { error: dotsError })
        .optional(),
      "File of the private key on this machine, without a passphrase",
    ),
    privateKey: setting(
      secret(
        text.regex(/^-----BEGIN [A-Z ]*PRIVATE KEY-----\s/, {
          error:
            "must be the text of a private key (OpenSSH or PEM), best set with `pulumi config set --secret --path`",
        }),
      ).optional(),
      "The private key itself, in place of `keyFile`: keep it encrypted",
    ),
    hostKey: setting(
      text
        .regex(publicKey, {
          error:
            "must be the host's public key, ed25519 or ecdsa, type and base64, such as `ssh-ed25519 AAAA...` (`ssh-keyscan` shows it; compare with /etc/ssh/ssh_host_ed25519_key.pub on the host)",
        })
        .refine(isOfItsType, { error: "is cut short, or not a key of its type: copy it anew" })
        .transform((value) => value.split(" ").slice(0, 2).join(" "))
        .optional(),
      "The host's public SSH key",
      "pinned at the first contact and kept",
    ),
  },
  {
    error: (issue) =>
      issue.code === "invalid_type" ? "must be settings by name: `user` and `keyFile`, ..." : undefined,
  },
);

/** How to log in to a node that existed before. */
export type HostSettings = z.output<typeof hostSchema>;

function oneKey(path: string, { keyFile, privateKey }: HostSettings): Mistake[] {
  if (keyFile === undefined && privateKey === undefined)
    return [
      mistake(path, "has no key", "give `keyFile`, a file on this machine, or `privateKey`, encrypted"),
    ];
  return keyFile !== undefined && privateKey !== undefined
    ? [mistake(path, "has `keyFile` and `privateKey`", "remove one of them")]
    : [];
}

/** What hosts must keep to. */
export const hostRules: Rule<{ nodes: { host?: HostSettings | undefined }[] }>[] = [
  {
    of: ["nodes[].host.keyFile", "nodes[].host.privateKey"],
    each: true,
    check: ({ nodes }) => nodes.flatMap(({ host }, i) => (host ? oneKey(`nodes[${i}].host`, host) : [])),
  },
];
