import { resolve } from "node:path";

/** The folder in which the user called the command. npm changes to the package's folder and sets `INIT_CWD`. */
export const callerFolder = (): string => process.env.INIT_CWD || process.cwd();

/** Resolves a path against the folder in which the user called the command. */
export const fromCaller = (path: string): string => resolve(callerFolder(), path);
