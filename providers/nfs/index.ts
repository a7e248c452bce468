import { current } from "../current";
import { nfsExport as provider } from "./export-provider";

export { Export, type ExportArgs } from "./export";
export type { ExportServer } from "./export-provider";
/** What Pulumi calls. @internal */
export const nfsExport = current(provider);
