import { current } from "../current";

export type { SshEndpoint } from "./endpoint";
export { type FileArgs, Files, type FilesArgs } from "./files";
export { Kept, type KeptArgs } from "./kept";
export { NodeSet, type NodeSetArgs } from "./node-set";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const files = current(() => (require("./files-provider") as typeof import("./files-provider")).files);
export const kept = current(() => (require("./kept-provider") as typeof import("./kept-provider")).kept);
export const nodeSet = current(() => (require("./set-provider") as typeof import("./set-provider")).nodeSet);
