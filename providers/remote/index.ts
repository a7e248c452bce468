export type { SshEndpoint } from "./endpoint";
export { File, type FileArgs } from "./file";
export { file } from "./file-provider";
