import { current } from "../current";
import { files as provider } from "./files-provider";

export type { SshEndpoint } from "./endpoint";
export { type FileArgs, Files, type FilesArgs } from "./files";
/** What Pulumi calls. */
export const files = current(provider);
