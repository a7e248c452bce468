import { z } from "zod";
import { certificatesIn, isChain, privateKeyIn } from "../../domain/certificates";
import { type Mistake, mistake } from "../../domain/mistake";
import {
  hasRealPort,
  isEncrypted,
  type Rule,
  secret,
  setting,
  variables,
  whole,
} from "../../settings/values";
import { paidOnly } from "./versions";

/** One text of PEM blocks, each of one of the kinds. */
const pem = (kind: string, what: string) =>
  secret(
    z
      .string({ error: `must be ${what}, as PEM text` })
      .transform((text) => `${text.trim()}\n`)
      .refine(
        (text) =>
          new RegExp(`^(-----BEGIN (${kind})-----\\n[A-Za-z0-9+/=\\s]+-----END \\2-----\\n*)+$`).test(
            text.replaceAll("\r\n", "\n"),
          ),
        { error: `must be ${what}, as PEM text: -----BEGIN ... to -----END ...` },
      ),
  );

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
/** Written as an address: what is meant then is the VIP, or an address that does not move. */
const likeAddress = /^[\d.]+$/;
const registryHost = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/;

const byName = (example: string) => ({ error: `must be settings by name, such as ${example}` });

const tls = z.strictObject(
  {
    certificate: pem("CERTIFICATE", "the certificate, with those in between up to its CA"),
    key: pem("(?:RSA |EC )?PRIVATE KEY", "the certificate's private key"),
    ca: pem("CERTIFICATE", "the private CA's certificate").optional(),
  },
  byName("`certificate` and `key`"),
);

const auditLog = z.strictObject(
  {
    level: whole(0, 3).default(1),
    maxAge: whole(1, 3_650).default(10),
    maxBackups: whole(1, 1_000).default(10),
    maxSize: whole(1, 10_000).default(100),
  },
  byName("`level: 1`"),
);

/** Settings of the Rancher container, beside its image's (settings/image.ts). */
export const rancherShape = {
  systemRegistry: setting(
    z
      .string()
      .regex(registryHost, { error: "must be a registry's host and port, such as registry.example.com:5000" })
      .refine(hasRealPort, { error: "must have a port from 1 to 65535" })
      .optional(),
    "Without internet access: the registry from which Rancher takes its own images",
    "Docker Hub",
  ),
  httpsPort: setting(
    whole(1, 65_535).default(443),
    "The port on the VIP and on the nodes that Rancher answers on with HTTPS",
  ),
  httpPort: setting(
    whole(1, 65_535).optional(),
    "A port for plain HTTP, which Rancher redirects to HTTPS; the agent then asks it for `/healthz` without TLS",
    "none",
  ),
  hostname: setting(
    z
      .string()
      .regex(hostName, { error: "must be a host name such as rancher.example.com" })
      .refine((text) => !likeAddress.test(text) && text.split(".").every((label) => label.length <= 63), {
        error: "must be a host name, its parts of at most 63 characters, and no address: that is the VIP",
      })
      .optional(),
    "The name under which users find Rancher",
    "the VIP",
  ),
  tls: setting(
    tls.optional(),
    "A certificate of your own for Rancher: keep its key encrypted",
    "Rancher's own",
  ),
  extraEnvironment: setting(
    variables.default({}),
    "Further variables of Rancher's container, such as HTTP_PROXY",
    "none",
  ),
  agentVolume: setting(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{1,63}$/, {
        error: "must be a Docker volume's name: letters, digits, dots, dashes and underscores",
      })
      .default("rancher-agent"),
    "The Docker volume on each node for what cannot be on NFS",
  ),
  auditLog: setting(
    auditLog.optional(),
    "Rancher's log of API calls, on the active node in /var/log/rancher/auditlog",
    "none",
  ),
};

/** Variables that other settings decide. */
const ownVariables: Record<string, string> = {
  CATTLE_BOOTSTRAP_PASSWORD: "it is generated, and the output `bootstrapPassword` shows it",
  CATTLE_SERVER_URL: "use `hostname` and `httpsPort`",
  CATTLE_SYSTEM_DEFAULT_REGISTRY: "use `systemRegistry`",
  AUDIT_LOG_ENABLED: "use `auditLog`",
  AUDIT_LEVEL: "use `auditLog`",
  PATH: "the container finds its own programs by it",
  HOME: "the container keeps its settings there",
  HOSTNAME: "the container has the node's",
  BASH_ENV: "the container's start would run it",
  ENV: "the container's start would run it",
  IFS: "the container's start depends on it",
};

/** The loader's, which would change each program in the container. */
const ofLoader = /^LD_/;

interface RancherGiven {
  image?: string | undefined;
  imageArchive?: object | undefined;
  registryMirrors?: readonly string[];
  httpsPort: number;
  httpPort?: number | undefined;
  extraEnvironment: Record<string, unknown>;
  tls?: { certificate: string; key: string; ca?: string | undefined } | undefined;
}

const ownVariableMistakes = (given: Record<string, unknown>): Mistake[] =>
  Object.keys(given).flatMap((name) => {
    const instead = Object.hasOwn(ownVariables, name)
      ? ownVariables[name]
      : ofLoader.test(name)
        ? "it would change each program in the container"
        : undefined;
    return instead === undefined ? [] : [mistake(`extraEnvironment.${name}`, "is not yours to set", instead)];
  });

/** Key, certificate and CA belong together, as far as they can be read before Pulumi runs. */
function tlsMistakes({ tls: given }: RancherGiven): Mistake[] {
  if (!given) return [];
  const chain = isEncrypted(given.certificate) ? [] : certificatesIn(given.certificate);
  const authorities = given.ca === undefined || isEncrypted(given.ca) ? [] : certificatesIn(given.ca);
  const key = isEncrypted(given.key) ? undefined : privateKeyIn(given.key);
  const unreadable = [
    ...(chain ? [] : ["tls.certificate"]),
    ...(authorities ? [] : ["tls.ca"]),
    ...(key || isEncrypted(given.key) ? [] : ["tls.key"]),
  ].map((path) => mistake(path, "cannot be read", "give it whole, without a passphrase, as PEM text"));
  const [own] = chain ?? [];
  return [
    ...unreadable,
    ...(own && key && !own.checkPrivateKey(key)
      ? [mistake("tls.key", "is not the key of `tls.certificate`", "give the two that belong together")]
      : []),
    ...(chain && !isChain(chain)
      ? [mistake("tls.certificate", "must be followed by its issuer's, and that by its own")]
      : []),
  ];
}

/** What the container's settings must keep to. */
export const rancherRules: Rule<RancherGiven>[] = [
  {
    of: ["image", "imageArchive?", "registryMirrors"],
    check: ({ image, imageArchive, registryMirrors = [] }) => {
      const why = image && paidOnly(image, imageArchive !== undefined || registryMirrors.length > 0);
      return why ? [mistake("image", why.rule, why.wayOut)] : [];
    },
  },
  {
    of: ["httpPort", "httpsPort"],
    check: ({ httpPort, httpsPort }) =>
      httpPort === httpsPort
        ? [{ path: "httpPort", subject: "`httpPort` and `httpsPort`", rule: "must differ" }]
        : [],
  },
  { of: ["tls.certificate", "tls.key", "tls.ca"], check: tlsMistakes },
  {
    of: ["extraEnvironment"],
    check: ({ extraEnvironment }) => ownVariableMistakes(extraEnvironment),
  },
];
