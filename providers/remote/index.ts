import { stored } from "../stored";
import { files as filesProvider } from "./files-provider";
import { kept as keptProvider } from "./kept-provider";
import { nodeSet as nodeSetProvider, migrations as setMigrations } from "./set-provider";

export type { SshEndpoint } from "./endpoint";
export { type FileArgs, Files, type FilesArgs } from "./files";
export { Kept, type KeptArgs } from "./kept";
export { NodeSet, type NodeSetArgs } from "./node-set";

/** What Pulumi calls. */
export const files = stored("remote.Files", filesProvider);
export const kept = stored("remote.Kept", keptProvider);
export const nodeSet = stored("remote.NodeSet", nodeSetProvider, setMigrations);
