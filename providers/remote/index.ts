import { current } from "../current";
import { files as filesProvider } from "./files-provider";
import { kept as keptProvider } from "./kept-provider";
import { nodeSet as nodeSetProvider } from "./set-provider";

export type { SshEndpoint } from "./endpoint";
export { type FileArgs, Files, type FilesArgs } from "./files";
export { Kept, type KeptArgs } from "./kept";
export { NodeSet, type NodeSetArgs } from "./node-set";

/** What Pulumi calls. @internal */
export const files = current(filesProvider);
/** @internal */
export const kept = current(keptProvider);
/** @internal */
export const nodeSet = current(nodeSetProvider);
