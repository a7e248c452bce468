import { current } from "../current";

export { DaemonSettings, type DaemonSettingsArgs } from "./daemon-settings";
export { ImageArchive, type ImageArchiveArgs } from "./image-archive";
/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const daemonSettings = current(
  () => (require("./daemon-settings-provider") as typeof import("./daemon-settings-provider")).daemonSettings,
);
export const imageArchive = current(
  () => (require("./image-archive-provider") as typeof import("./image-archive-provider")).imageArchive,
);
