import { exec, SshError } from "../providers/remote/ssh";
import type { KnownNode } from "./known-stack";
import { answerLimit } from "./measure";
import { endpointOf } from "./nodes";

/** What shows that a machine runs at a node's address; undefined if nothing does, which proves nothing. */
export async function signOfLife(node: KnownNode): Promise<string | undefined> {
  try {
    await exec(await endpointOf(node), "true", { timeout: answerLimit });
    return "it answers over SSH";
  } catch (error) {
    return error instanceof SshError && error.failure !== "unreachable" ? error.message : undefined;
  }
}
