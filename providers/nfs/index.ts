export { Export, type ExportArgs } from "./export";
export { type ExportServer, nfsExport } from "./export-provider";
