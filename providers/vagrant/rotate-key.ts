import { rm } from "node:fs/promises";
import { publicKeyOf } from "../../domain/private-key";
import { textOf } from "../../local/text";
import type { SshEndpoint } from "../remote/endpoint";
import { execOk } from "../remote/ssh";
import { say } from "./client";
import { accepts } from "./contact";
import { retiredKeyFile, writeFolder } from "./folder";
import type { MachineInputs } from "./inputs";
import { hasRetiredKey, nextKey } from "./key-rotation";
import { type MachineHandle, type Measured, outputsOf } from "./machine-handle";
import { authorizedKeyScript } from "./scripts";

/** Milliseconds: a busy emulated machine takes 20 s for a login. */
const limit = 60_000;

/** Whether the machine's key was made here: one that the program gives is its author's to change. */
const isOwn = ({ sshInsertKey, sshPrivateKey }: Partial<MachineInputs>): boolean =>
  sshInsertKey === true && sshPrivateKey === undefined;

/**
 * Whether a machine is to get a new key, or to be freed from its former one.
 *
 * @param recorded the key in Pulumi's state: where Pulumi was killed before it could note the new one, that is to be done again
 */
export async function isKeyDue(
  inputs: Partial<MachineInputs>,
  recorded: string | undefined,
): Promise<boolean> {
  const { directory } = inputs;
  if (directory === undefined || recorded === undefined || !isOwn(inputs)) return false;
  const next = await nextKey(directory);
  return (next !== undefined && next !== recorded) || hasRetiredKey(directory);
}

/** Puts the next key on the machine, over the present one, and has it be the present one once the machine lets it in. */
async function putNext(handle: MachineHandle, ssh: SshEndpoint, next: string): Promise<void> {
  const { inputs } = handle;
  say(inputs, "putting its new SSH key on it");
  const line = `${publicKeyOf(next)} ${inputs.name}`;
  await execOk(ssh, "sh", { stdin: authorizedKeyScript(line), timeout: limit });
  if (!(await accepts({ ...ssh, privateKey: next }, limit)))
    throw new Error(
      `${inputs.name} does not accept its new SSH key, which is in ~/.ssh/authorized_keys of ${ssh.user} there: see what its sshd_config says of \`AuthorizedKeysFile\`. The former key stays`,
    );
  await writeFolder(inputs, handle.record, next);
  handle.privateKey = next;
}

/** Takes a former key off the machine, over the present one, and sees that it is refused. */
async function takeOff(
  { inputs, privateKey }: MachineHandle,
  ssh: SshEndpoint,
  former: string,
): Promise<void> {
  say(inputs, "taking its former SSH key off it");
  const line = `${publicKeyOf(privateKey)} ${inputs.name}`;
  await execOk(ssh, "sh", { stdin: authorizedKeyScript(line, publicKeyOf(former)), timeout: limit });
  if (await accepts({ ...ssh, privateKey: former }, limit))
    throw new Error(
      `${inputs.name} still accepts its former SSH key, which is not in ~/.ssh/authorized_keys of ${ssh.user} any more: remove it where else its sshd_config looks (\`AuthorizedKeysFile\`), then run this again`,
    );
}

/**
 * Does what is due of a machine's keys (key-rotation.ts), after everything else. Whenever it is killed, the machine accepts the
 * key in the folder and that in Pulumi's state.
 *
 * @param measured of the machine as it runs
 */
export async function withDueKey(handle: MachineHandle, measured: Measured): Promise<Measured> {
  const { directory } = handle.inputs;
  if (!isOwn(handle.inputs)) return measured;
  const next = await nextKey(directory);
  if (next !== undefined && next !== handle.privateKey) await putNext(handle, measured.ssh, next);
  const now = { ...measured, ...outputsOf(handle) };
  const retired = await textOf(retiredKeyFile(directory));
  if (retired !== undefined) {
    if (retired !== handle.privateKey) await takeOff(handle, now.ssh, retired);
    await rm(retiredKeyFile(directory), { force: true });
  }
  return now;
}
