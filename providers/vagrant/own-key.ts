import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { vagrantHome } from "./box";
import { prepareHome } from "./client";
import type { MachineInputs } from "./inputs";
import { newKeyPair } from "./keys";

/** The well-known key of all boxes, for boxes whose key must not change. Vagrant writes it to its home folder. */
async function wellKnownKey(inputs: MachineInputs): Promise<string> {
  const file = join(vagrantHome(inputs), "insecure_private_key");
  try {
    return await readFile(file, "utf8");
  } catch {
    // Vagrant has never run.
    await mkdir(inputs.directory, { recursive: true, mode: 0o700 });
    await prepareHome(inputs);
    return await readFile(file, "utf8");
  }
}

/**
 * The private key that a machine accepts, once it is made.
 *
 * @param existing the machine's present key
 */
export async function keyFor(inputs: MachineInputs, existing: string | undefined): Promise<string> {
  const key = inputs.sshPrivateKey ?? existing;
  if (key !== undefined) return key.endsWith("\n") ? key : `${key}\n`;
  return inputs.sshInsertKey ? newKeyPair(inputs.name).privateKey : await wellKnownKey(inputs);
}
