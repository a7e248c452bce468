import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CloudImage } from "../../../domain/cloud-image";
import { download, hasChecksum, shownUrl } from "../../../local/download";
import { artifactsHome } from "../../../local/paths";

/** Bytes that an image may have: several times what distributions publish. */
const most = 8 * 2 ** 30;

/** Where a downloaded image is kept. */
export const cachedImage = (checksum: string): string =>
  join(artifactsHome(), "cloud-images", checksum.replace(":", "-").slice(0, 39));

/** The path of an image that is on this machine already, as a path or a file: URL. */
function localPath(url: string): string | undefined {
  if (/^file:/i.test(url)) return fileURLToPath(url);
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? undefined : url;
}

function failed(reason: string): Error {
  return new Error(
    `the cloud image of \`boxUrl\`: ${reason}. Where it cannot be downloaded, bring the file here and name its path in ` +
      "`boxUrl`, with its `boxChecksum`; or name a box (`box`).",
  );
}

/**
 * The file with a cloud image on this machine. It is downloaded unless it is here already, and never given with a wrong
 * checksum.
 *
 * @param limit seconds for a download
 * @param say gets a line for each step that takes time
 */
export async function fetchImage(
  { url, checksum }: CloudImage,
  limit: number,
  say: (text: string) => void,
): Promise<string> {
  const local = localPath(url);
  if (local !== undefined) {
    if (!existsSync(local)) throw failed(`there is no file ${local}`);
    if (!(await hasChecksum(local, checksum)))
      throw failed(`${local} has another checksum than ${checksum}, and is not used`);
    return local;
  }
  const file = cachedImage(checksum);
  if (existsSync(file)) {
    if (await hasChecksum(file, checksum)) return file;
    say(`${file} is not as it was downloaded any more: it is removed`);
    await rm(file, { force: true });
  }
  say(`downloading ${shownUrl(url)}`);
  try {
    await download({ url, file, checksum, most, limit, say });
  } catch (error) {
    throw failed((error as Error).message);
  }
  return file;
}
