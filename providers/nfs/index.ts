import { current } from "../current";
import { stored } from "../stored";

export { Export, type ExportArgs } from "./export";
export type { ExportServer } from "./export-provider";
/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const nfsExport = current(() => {
  const { nfsExport }: typeof import("./export-provider") = require("./export-provider");
  return stored("nfs.Export", nfsExport);
});
