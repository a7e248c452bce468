import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { writePrivate } from "../../local/files";
import { textOf } from "../../local/text";
import { keyFile, nextKeyFile, previousKeyFile, readKey, retiredKeyFile } from "./folder";
import { newKeyPair } from "./keys";

/*
 * A machine gets a new SSH key in steps, each of which is one file in its folder that appears, or gets another name. Whoever is
 * killed leaves one of these, and the next run goes on from there; a key that works is in `id_ed25519` at every moment.
 *
 * | files                           | the machine accepts   | what comes next                                            |
 * |---------------------------------|-----------------------|------------------------------------------------------------|
 * | id_ed25519                      | it                    | `wantNewKey`                                               |
 * | and .next, another one          | it, perhaps .next too | `up`: puts .next on the machine, logs in with it, and      |
 * |                                 |                       | makes it id_ed25519; the former one is .previous           |
 * | and .next, the same; .previous  | both                  | `retireFormerKey`, once an `up` came to its end: then the  |
 * |                                 |                       | whole state has the new one                                |
 * | and .retired                    | both                  | `up`: takes it off the machine, and sees that it is refused |
 */

/** Whether a machine is in the middle of getting a new key. */
export const isRotating = (directory: string): boolean =>
  existsSync(nextKeyFile(directory)) || existsSync(retiredKeyFile(directory));

/** Whether there is a key that the machine is still to be freed from. */
export const hasRetiredKey = (directory: string): boolean => existsSync(retiredKeyFile(directory));

/** The key that a machine is to get, or has got in a rotation that is not over. */
export const nextKey = async (directory: string): Promise<string | undefined> =>
  await textOf(nextKeyFile(directory));

/** Makes the key that the next `up` gives to the machine. */
export async function wantNewKey(directory: string, name: string): Promise<void> {
  await writePrivate(nextKeyFile(directory), newKeyPair(name).privateKey);
}

/**
 * Notes that nothing needs the former key any more: the next `up` takes it off the machine.
 *
 * @throws if the machine has not got the new one
 */
export async function retireFormerKey(directory: string): Promise<void> {
  const next = await nextKey(directory);
  // The machine was made anew meanwhile, with a key and a folder of its own.
  if (next === undefined) return;
  const key = await readKey(directory);
  if (key !== next)
    throw new Error(`the machine did not get its new key: ${keyFile(directory)} is the former one still`);
  const former = await textOf(previousKeyFile(directory));
  if (former !== undefined && former !== key)
    await rename(previousKeyFile(directory), retiredKeyFile(directory));
  await rm(nextKeyFile(directory), { force: true });
}
