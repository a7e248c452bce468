import { z } from "zod";
import { isPinnedReference, parseImage } from "../../domain/image";
import { encrypted } from "../../settings/hosts";
import { truth, truthFromText, whole, wholeFromText } from "../../settings/values";

/** One text of PEM blocks, each of one of the kinds. */
const pem = (kind: string, what: string) =>
  z
    .string({ error: `must be ${what}, as PEM text` })
    .transform((text) => `${text.trim()}\n`)
    .refine(
      (text) =>
        text.trim() === encrypted ||
        new RegExp(`^(-----BEGIN (${kind})-----\\n[A-Za-z0-9+/=\\s]+-----END \\2-----\\n*)+$`).test(
          text.replaceAll("\r\n", "\n"),
        ),
      { error: `must be ${what}, as PEM text: -----BEGIN ... to -----END ...` },
    );

const word = (what: string) =>
  z
    .string({ error: `must be ${what}` })
    .min(1, { error: `must be ${what}` })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .regex(/^[^\u0000-\u001f\u007f]*$/, { error: "must be one line, without control characters" });

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
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

const registryLogin = z.strictObject(
  { username: word("the user's name"), password: word("the password") },
  byName("`username` and `password`"),
);

/** Settings of the Rancher container and its image. */
export const rancherShape = {
  image: z
    .string()
    .refine(isPinnedReference, {
      error: "must be an image with a tag or digest, such as rancher/rancher:v2.12.3",
    })
    .refine((text) => parseImage(text).tag !== "latest", {
      error: "must not be `latest`: a failover would then upgrade the datastore; name a version",
    })
    .optional()
    .describe(
      "Rancher's image with a tag or digest; default: a pinned rancher/rancher, in the lab its stand-in",
    ),
  allowDowngrade: truthFromText
    .default(false)
    .describe("Let an older version of `image` follow a newer one, which may spoil the datastore"),
  registryLogin: registryLogin
    .optional()
    .describe("Login for the registry that `image` is in; keep the password encrypted"),
  systemRegistry: z
    .string()
    .regex(registryHost, { error: "must be a registry's host and port, such as registry.example.com:5000" })
    .optional()
    .describe("Without internet access: the registry from which Rancher takes its own images"),
  httpsPort: wholeFromText(1, 65_535)
    .default(443)
    .describe("The port on the VIP and on the nodes that Rancher answers on with HTTPS"),
  httpPort: wholeFromText(1, 65_535)
    .optional()
    .describe(
      "A port for plain HTTP, which Rancher redirects to HTTPS; the guard then asks it for `/healthz` without TLS; default: none",
    ),
  hostname: z
    .string()
    .regex(hostName, { error: "must be a host name such as rancher.example.com" })
    .optional()
    .describe("The name under which users find Rancher; default: the VIP"),
  tls: tls.optional().describe("A certificate of your own for Rancher: keep its key encrypted"),
  extraEnvironment: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "must be a variable's name" }),
      z
        .union([z.string(), z.number(), truth], { error: "must be a text" })
        .transform(String)
        .refine((text) => !text.includes("\0"), { error: "must not hold a null byte" }),
      { error: "must be values by name" },
    )
    .default({})
    .describe("Further variables of Rancher's container, such as HTTP_PROXY"),
  agentVolume: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{1,63}$/, {
      error: "must be a Docker volume's name: letters, digits, dots, dashes and underscores",
    })
    .default("rancher-agent")
    .describe("The Docker volume on each node for what cannot be on NFS"),
  auditLog: auditLog
    .optional()
    .describe("Rancher's log of API calls, on the active node in /var/log/rancher/auditlog"),
  startDeadline: wholeFromText(10, 3_600, " s")
    .default(300)
    .describe("Seconds that Rancher may take to answer before up fails"),
};

/** Settings of this file that are given as JSON where everything is text. */
export const rancherStructured: Record<string, string> = {
  registryLogin: "`username` and `password`",
  tls: "`certificate` and `key`, as PEM text",
  extraEnvironment: "values by name",
  auditLog: "settings by name",
};

/** Variables that other settings decide. */
const ownVariables: Record<string, string> = {
  CATTLE_BOOTSTRAP_PASSWORD: "it is generated, and the output `bootstrapPassword` shows it",
  CATTLE_SERVER_URL: "use `hostname` and `httpsPort`",
  CATTLE_SYSTEM_DEFAULT_REGISTRY: "use `systemRegistry`",
  AUDIT_LOG_ENABLED: "use `auditLog`",
  AUDIT_LEVEL: "use `auditLog`",
};

interface RancherGiven {
  httpsPort: number;
  httpPort?: number | undefined;
  extraEnvironment: Record<string, string>;
}

/** Mistakes of the container's settings that lie between settings. */
export function rancherMistakes(given: RancherGiven): string[] {
  const { httpsPort, httpPort, extraEnvironment } = given;
  return [
    ...(httpPort === httpsPort ? ["`httpPort` and `httpsPort` must differ"] : []),
    ...Object.keys(extraEnvironment).flatMap((name) =>
      ownVariables[name] ? [`\`extraEnvironment.${name}\` is not yours to set: ${ownVariables[name]}`] : [],
    ),
  ];
}
