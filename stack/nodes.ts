import { readFile } from "node:fs/promises";
import { didYouMean } from "../domain/closest";
import { Failure } from "../local/errors";
import type { SshEndpoint } from "../providers/remote/endpoint";
import type { KnownNode, KnownStack } from "./known-stack";

/** A node by its name. @throws Failure if there is none */
export function knownNode({ nodes }: KnownStack, name: string): KnownNode {
  const node = nodes.find((each) => each.name === name);
  const names = nodes.map((each) => each.name);
  if (!node)
    throw new Failure(
      `${JSON.stringify(name)} is no node; the nodes are ${names.join(", ")}${didYouMean(name, names)}`,
      2,
    );
  return node;
}

/** How to log in to a node of a stack that was up once. */
export async function endpointOf(node: KnownNode): Promise<SshEndpoint> {
  if (!node.hostKey) throw new Error("it has not been up yet, so its host key is not known");
  return {
    host: node.host ?? node.address,
    port: node.port,
    user: node.user,
    privateKey: await readFile(node.keyFile, "utf8"),
    keyFile: node.keyFile,
    hostKey: node.hostKey,
    knownHostsFile: node.knownHostsFile,
  };
}
