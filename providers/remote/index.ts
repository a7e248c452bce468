import { current } from "../current";
import { stored } from "../stored";

export type { SshEndpoint } from "./endpoint";
export { type FileArgs, Files, type FilesArgs } from "./files";
export { Kept, type KeptArgs } from "./kept";
export { NodeSet, type NodeSetArgs } from "./node-set";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const files = current(() => {
  const { files }: typeof import("./files-provider") = require("./files-provider");
  return stored("remote.Files", files);
});
/** @internal */
export const kept = current(() => {
  const { kept }: typeof import("./kept-provider") = require("./kept-provider");
  return stored("remote.Kept", kept);
});
/** @internal */
export const nodeSet = current(() => {
  const { nodeSet, migrations }: typeof import("./set-provider") = require("./set-provider");
  return stored("remote.NodeSet", nodeSet, migrations);
});
