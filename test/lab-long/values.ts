import assert from "node:assert/strict";
import { inLab } from "../lab/command";

/*
 * A value at a time in the service of the lab's tests, which keeps what it acknowledges.
 */

/** The floating IP of the tests' stacks. */
export const vip = "192.168.56.10";

const url = (key: string): string => `https://${vip}/kv/${key}`;

/** Writes through the VIP; the write must be acknowledged. */
export async function put(key: string, value: string): Promise<void> {
  const { code } = await inLab("curl", "-skf", "-m", "5", "-X", "PUT", "-d", `value=${value}`, url(key));
  assert.equal(code, 0, `the write of ${key} was not acknowledged`);
}

/** What is read through the VIP; nothing if nobody answers. */
export const get = async (key: string): Promise<string> =>
  (await inLab("curl", "-sk", "-m", "5", url(key))).stdout;
