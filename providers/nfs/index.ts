import { current } from "../current";

export { Export, type ExportArgs } from "./export";
export type { ExportServer } from "./export-provider";
/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const nfsExport = current(
  () => (require("./export-provider") as typeof import("./export-provider")).nfsExport,
);
