import { current } from "../current";
import { daemonSettings as daemonProvider } from "./daemon-settings-provider";
import { imageArchive as archiveProvider } from "./image-archive-provider";

export { DaemonSettings, type DaemonSettingsArgs } from "./daemon-settings";
export { ImageArchive, type ImageArchiveArgs } from "./image-archive";
/** What Pulumi calls. @internal */
export const daemonSettings = current(daemonProvider);
/** @internal */
export const imageArchive = current(archiveProvider);
