import { stored } from "../stored";
import { nfsExport as provider } from "./export-provider";

export { Export, type ExportArgs } from "./export";
export type { ExportServer } from "./export-provider";
/** What Pulumi calls. */
export const nfsExport = stored("nfs.Export", provider);
