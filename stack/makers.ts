import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { dataHome } from "../local/paths";
import { packageRoot } from "../local/root";

/** Who made a stack from this clone, and where that user's state of it is. */
export interface Maker {
  user: string;
  /** The user's folder for data. */
  data: string;
}

const folder = (): string => join(packageRoot, ".stacks");
const fileOf = (stack: string): string => join(folder(), `${stack}.json`);

/** Records who makes a stack, for other users of the clone: the state is in the user's home, where they may not look. */
export function recordMaker(stack: string): void {
  try {
    mkdirSync(folder(), { recursive: true });
    const maker: Maker = { user: userInfo().username, data: dataHome() };
    writeFileSync(fileOf(stack), `${JSON.stringify(maker)}\n`);
  } catch {
    // The clone is somebody else's: it has no such record then.
  }
}

export function forgetMaker(stack: string): void {
  try {
    rmSync(fileOf(stack), { force: true });
  } catch {
    // As above.
  }
}

/** Who made a stack from this clone, if that was another user, or this one with another home. */
export function otherMaker(stack: string): Maker | undefined {
  try {
    const { user, data } = JSON.parse(readFileSync(fileOf(stack), "utf8")) as Partial<Maker>;
    if (typeof user !== "string" || typeof data !== "string" || data === dataHome()) return undefined;
    return { user, data };
  } catch {
    return undefined;
  }
}
