import { StringDecoder } from "node:string_decoder";
import type { Client } from "ssh2";
import type { Context } from "../plugin";
import { type Connections, exec, type Login } from "../ssh";
import type { CommandInputs, CommandOutputs } from "./properties";

function loginOf({ connection }: CommandInputs): Login {
  return {
    host: connection.host,
    port: connection.port,
    user: connection.user,
    privateKey: connection.privateKey,
    passphrase: connection.privateKeyPassword,
    password: connection.password,
    hostKeys: connection.hostKey ? [connection.hostKey.trim()] : undefined,
    connectTimeout: connection.perDialTimeout * 1000,
    retries: connection.dialErrorLimit,
    keySetting: connection.privateKey ? "connection.privateKey" : "connection.password",
  };
}

/** Cuts a stream of bytes into lines of text, without breaking a character in two. */
function lines(onLine: (line: string) => void): { push(data: Buffer): void; end(): void } {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  return {
    push(data) {
      const parts = (rest + decoder.write(data)).split(/\r?\n/);
      rest = parts.pop() ?? "";
      for (const part of parts) onLine(part);
    },
    end() {
      const last = rest + decoder.end();
      if (last) onLine(last);
    },
  };
}

/**
 * Asks a shell on the server which variables the server accepts from the client (sshd's AcceptEnv): the SSH library
 * does not wait for the server's answer to the request.
 */
async function learnAccepted(client: Client, accepted: Map<string, boolean>, names: string[]): Promise<void> {
  const asked = names.filter((name) => !accepted.has(name));
  if (asked.length === 0) return;
  const { stdout } = await exec(
    client,
    asked.map((name) => `printenv ${name} >/dev/null || echo ${name}`).join("; "),
    { env: Object.fromEntries(asked.map((name) => [name, "1"])) },
  );
  const missing = new Set(stdout.split("\n"));
  for (const name of asked) accepted.set(name, !missing.has(name));
}

const notAccepted = (name: string): string =>
  `Unable to set '${name}'. This only works if your SSH server is configured to accept these variables via AcceptEnv. ` +
  "Alternatively, if a Bash-like shell runs the command on the remote host, prefix the command itself with the variables in the form 'VAR=value command'";

/**
 * The environment for a command. The server must accept the requested variables; those with the previous output are
 * optional.
 */
async function environmentOf(
  context: Context,
  client: Client,
  accepted: Map<string, boolean>,
  inputs: CommandInputs,
  previous: CommandOutputs,
): Promise<Record<string, string>> {
  const wanted = inputs.environment ?? {};
  const offered: Record<string, string> = {};
  if (inputs.addPreviousOutputInEnv !== false) {
    if (previous.stdout) offered.PULUMI_COMMAND_STDOUT = previous.stdout;
    if (previous.stderr) offered.PULUMI_COMMAND_STDERR = previous.stderr;
  }
  await learnAccepted(client, accepted, [...Object.keys(wanted), ...Object.keys(offered)]);
  const refused = Object.keys(wanted).find((name) => !accepted.get(name));
  if (refused) {
    context.say("error", notAccepted(refused));
    throw new Error(`could not set environment variable "${refused}": ssh: setenv failed`);
  }
  for (const name of Object.keys(offered)) {
    if (accepted.get(name)) continue;
    context.say("warning", `${notAccepted(name)}, or set \`addPreviousOutputInEnv\` to false`);
    delete offered[name];
  }
  return { ...wanted, ...offered };
}

/**
 * Runs one of a resource's commands on its machine.
 *
 * @param previous the outputs of the run before, for the environment
 * @throws with the command and its whole output, like the official plugin: put secrets into `stdin`
 */
export async function runCommand(
  connections: Connections,
  context: Context,
  inputs: CommandInputs,
  command: string,
  previous: CommandOutputs,
): Promise<{ stdout: string; stderr: string }> {
  const { logging = "stdoutAndStderr" } = inputs;
  const splitters = { stdout: lines(context.status), stderr: lines(context.status) };
  const shows = (stream: "stdout" | "stderr"): boolean => logging === stream || logging === "stdoutAndStderr";
  const result = await connections.use(
    loginOf(inputs),
    context.signal,
    async (client, accepted) =>
      await exec(client, command, {
        env: await environmentOf(context, client, accepted, inputs, previous),
        stdin: inputs.stdin,
        onData: (stream, data) => {
          if (shows(stream)) splitters[stream].push(data);
        },
      }),
    context.status,
  );
  splitters.stdout.end();
  splitters.stderr.end();

  if (result.code !== 0) {
    const { host } = inputs.connection;
    const how = result.signal
      ? `Process exited with status ${128} from signal ${result.signal.replace(/^SIG/, "")}`
      : result.code === undefined
        ? `the connection to ${host} broke, or the command was ended without a status: whether it finished is not known`
        : `Process exited with status ${result.code}`;
    throw new Error(`${how}: running ${JSON.stringify(command)}:\n${result.output}`);
  }
  const trimmed = (text: string): string => text.replace(/\n$/, "");
  return { stdout: trimmed(result.stdout), stderr: trimmed(result.stderr) };
}
