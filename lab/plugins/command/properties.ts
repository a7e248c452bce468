import { type Fields, oneOf, whole } from "../fields";

const refusedConnection = {
  agentSocketPath: { is: "refused", instead: "give the key itself in `connection.privateKey`" },
  proxy: { is: "refused", instead: "connect to the machine directly" },
} as const;

const connection: Fields = {
  host: { is: "string", required: true },
  port: { is: "number", default: 22, rule: whole(1, 65_535) },
  user: { is: "string", default: "root" },
  password: { is: "string" },
  privateKey: { is: "string" },
  privateKeyPassword: { is: "string" },
  hostKey: {
    is: "string",
    rule: (value: string) =>
      /^\S+\s+[A-Za-z0-9+/]+=*(\s|$)/.test(value.trim())
        ? undefined
        : "must be a type and a base64 text, as in a known_hosts line without its first word: `ssh-ed25519 AAAA...`",
  },
  dialErrorLimit: { is: "number", default: 10, rule: whole(-1) },
  perDialTimeout: { is: "number", default: 15, rule: whole(0) },
  ...refusedConnection,
};

const variables = (value: Record<string, string>): string | undefined => {
  const wrong = Object.keys(value).filter((name) => !/^[A-Za-z_]\w*$/.test(name));
  return wrong.length > 0 ? `has names that a shell cannot use: ${wrong.join(", ")}` : undefined;
};

/** The inputs of `command:remote:Command` 1.2.1, with the defaults of the official plugin. */
export const commandFields: Fields = {
  connection: {
    is: "object",
    fields: connection,
    required: true,
    rule: (value: { password?: string; privateKey?: string }) =>
      value.privateKey || value.password
        ? undefined
        : "has no key to log in with: set `connection.privateKey`",
  },
  create: { is: "string" },
  update: { is: "string" },
  delete: { is: "string" },
  stdin: { is: "string" },
  environment: { is: "map", of: { is: "string" }, rule: variables },
  triggers: { is: "list", of: { is: "anything" } },
  logging: { is: "string", rule: oneOf("stdout", "stderr", "stdoutAndStderr", "none") },
  addPreviousOutputInEnv: { is: "boolean", default: true },
};

/** `command:remote:Command`'s inputs after the check. */
export interface CommandInputs {
  connection: {
    host: string;
    port: number;
    user: string;
    password?: string;
    privateKey?: string;
    privateKeyPassword?: string;
    hostKey?: string;
    dialErrorLimit: number;
    perDialTimeout: number;
  };
  create?: string;
  update?: string;
  delete?: string;
  stdin?: string;
  environment?: Record<string, string>;
  logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  addPreviousOutputInEnv?: boolean;
}

/** And its outputs. */
export interface CommandOutputs extends CommandInputs {
  stdout?: string;
  stderr?: string;
}
