import type { StatusReport } from "../ui/status-table";

const plain = (text: string): string =>
  text.replaceAll(/\. Mend: `[^`]*`/g, "").replaceAll(/: `[^`]*` says more/g, "");

/** What is said of two nodes that only buttons reach: without the commands that mend a stack's. */
export const withoutCommands = (report: StatusReport): StatusReport => ({
  ...report,
  message: plain(report.message),
  remarks: report.remarks.map(plain),
  reasons: report.reasons.map(plain),
  standings: report.standings.map((each) => (each.as === "none" ? { ...each, mend: "" } : each)),
});
