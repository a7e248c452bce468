import { existsSync } from "node:fs";
import { tryRun } from "../../local/run";
import { onPath } from "../../local/toolchain/path";

const programs = ["chromium", "chromium-browser", "google-chrome"];

/** Chromium's program here; undefined if there is none. */
export const browserHere = (): string | undefined => programs.flatMap((name) => onPath(name) ?? [])[0];

/**
 * Takes a picture of a page, after the page has run for some seconds.
 *
 * @returns false if there is no browser here
 */
export async function takePicture(url: string, file: string): Promise<boolean> {
  const program = browserHere();
  if (!program) return false;
  const how = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"];
  const { stderr } = await tryRun(
    program,
    [...how, "--window-size=900,700", "--virtual-time-budget=8000", `--screenshot=${file}`, url],
    { timeout: 120_000 },
  );
  if (!existsSync(file)) throw new Error(`${program} made no picture of ${url}: ${stderr.slice(-500)}`);
  return true;
}
