import { Failure, messageOf } from "../../local/errors";
import {
  hasRetiredKey,
  isRotating,
  nextKey,
  retireFormerKey,
  wantNewKey,
} from "../../providers/vagrant/key-rotation";

/** A machine, and its folder on this machine. */
interface Rotating {
  name: string;
  directory: string;
}

/**
 * Gives a machine a new SSH key (providers/vagrant/key-rotation.ts). After a kill at any moment it is to be called again, and
 * goes on: until the end the machine accepts its former key, and from before that the new one.
 *
 * @param apply `up`: returns once all of it is done, and the state is written
 * @throws Failure if the machine has not got it, or not lost the former one
 */
export async function rotateKey(
  { name, directory }: Rotating,
  apply: () => Promise<void>,
  say: (line: string) => void,
): Promise<void> {
  if (isRotating(directory)) say(`Going on with the new SSH key of ${name}, which was interrupted`);
  else await wantNewKey(directory, name);
  if ((await nextKey(directory)) !== undefined) {
    await apply();
    // Not earlier: what is on the machine is removed with the key that the state has.
    await retireFormerKey(directory).catch((error: unknown) => {
      throw new Failure(`${name}: ${messageOf(error)}`);
    });
  }
  if (hasRetiredKey(directory)) await apply();
  if (isRotating(directory)) throw new Failure(`${name} may still accept its former SSH key: run this again`);
}
