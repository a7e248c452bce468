import { resolve } from "node:path";

/** Where a command was called: npm changes to the package's folder, and says so. */
export const callerFolder = (): string => process.env.INIT_CWD || process.cwd();

/** A path as the user meant it. */
export const fromCaller = (path: string): string => resolve(callerFolder(), path);
