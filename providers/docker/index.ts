import { stored } from "../stored";
import { migrations as daemonMigrations, daemonSettings as daemonProvider } from "./daemon-settings-provider";
import { imageArchive as archiveProvider } from "./image-archive-provider";

export { DaemonSettings, type DaemonSettingsArgs } from "./daemon-settings";
export { ImageArchive, type ImageArchiveArgs } from "./image-archive";
/** What Pulumi calls. */
export const daemonSettings = stored("docker.DaemonSettings", daemonProvider, daemonMigrations);
export const imageArchive = stored("docker.ImageArchive", archiveProvider);
