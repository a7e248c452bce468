import { current } from "../current";
import { files as filesProvider } from "./files-provider";
import { nodeSet as nodeSetProvider } from "./set-provider";

export type { SshEndpoint } from "./endpoint";
export { type FileArgs, Files, type FilesArgs } from "./files";
export { NodeSet, type NodeSetArgs } from "./node-set";

/** What Pulumi calls. */
export const files = current(filesProvider);
export const nodeSet = current(nodeSetProvider);
