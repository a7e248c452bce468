import { current } from "../current";
import { stored } from "../stored";

export { DaemonSettings, type DaemonSettingsArgs } from "./daemon-settings";
export { ImageArchive, type ImageArchiveArgs } from "./image-archive";
/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const daemonSettings = current(() => {
  const {
    daemonSettings,
    migrations,
  }: typeof import("./daemon-settings-provider") = require("./daemon-settings-provider");
  return stored("docker.DaemonSettings", daemonSettings, migrations);
});
/** @internal */
export const imageArchive = current(() => {
  const { imageArchive }: typeof import("./image-archive-provider") = require("./image-archive-provider");
  return stored("docker.ImageArchive", imageArchive);
});
