import pc from "picocolors";

/** Colours only on a terminal, since programs read piped output, and not if NO_COLOR is set. */
export const colors = pc.createColors(pc.isColorSupported && process.stdout.isTTY === true);

export type Colors = typeof colors;
