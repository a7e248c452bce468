import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { vagrantHome } from "./box";
import { prepareHome } from "./client";
import type { MachineInputs } from "./inputs";
import { newKeyPair } from "./keys";

/** The key that everybody has, which opens a box whose key is not to be changed. Vagrant puts it where it lives. */
async function wellKnownKey(inputs: MachineInputs): Promise<string> {
  const file = join(vagrantHome(inputs), "insecure_private_key");
  try {
    return await readFile(file, "utf8");
  } catch {
    // Vagrant was never run.
    await mkdir(inputs.directory, { recursive: true, mode: 0o700 });
    await prepareHome(inputs);
    return await readFile(file, "utf8");
  }
}

/**
 * The private key that opens a machine, once it is made.
 *
 * @param existing the one that it has already
 */
export async function keyFor(inputs: MachineInputs, existing: string | undefined): Promise<string> {
  const key = inputs.sshPrivateKey ?? existing;
  if (key !== undefined) return key.endsWith("\n") ? key : `${key}\n`;
  return inputs.sshInsertKey ? newKeyPair(inputs.name).privateKey : await wellKnownKey(inputs);
}
