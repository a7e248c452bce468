import pc from "picocolors";

/** Colours on a terminal only, and not if NO_COLOR is set: what is piped is read by programs. */
export const colors = pc.createColors(pc.isColorSupported && process.stdout.isTTY === true);

export type Colors = typeof colors;
