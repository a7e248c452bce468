import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { shellQuote } from "../../domain/shell-quote";
import { sha256Of } from "../../local/sha256";
import { replacedByHost, type SshEndpoint } from "../remote/endpoint";
import { endpointSchema } from "../remote/files-provider";
import { asRoot, exec } from "../remote/ssh";
import { pour } from "../remote/transfer";
import { checkInputs } from "../validation";

export interface ImageArchiveInputs {
  ssh: SshEndpoint;
  image: string;
  file: string;
  sha256: string;
}

export interface ImageArchiveOutputs extends ImageArchiveInputs {
  imageId: string;
}

/** Milliseconds to load an image: it may have 2 GB, and the node unpacks it. */
const loadLimit = 3_600_000;
const lookLimit = 60_000;

const text = z.string("must be a text");
const schema = z.object({
  ssh: endpointSchema,
  image: text.min(1, "must name an image with its tag"),
  file: text.min(1, "must name a file"),
  sha256: text.regex(/^[a-f0-9]{64}$/, "must be a SHA-256 in hex: `sha256sum FILE` prints it"),
});

/** Checksums of files that were read already: all nodes load the same one. */
const sums = new Map<string, Promise<string>>();

function sumOf(file: string): Promise<string> {
  const known = sums.get(file);
  if (known) return known;
  const sum = sha256Of(file);
  sums.set(file, sum);
  sum.catch(() => sums.delete(file));
  return sum;
}

/** Docker's id of an image on a node; undefined if there is no image with that name. */
async function idOf(ssh: SshEndpoint, image: string): Promise<string | undefined> {
  const line = `docker image inspect --format '{{.Id}}' ${shellQuote(image)}`;
  const { code, stdout, stderr } = await exec(ssh, asRoot(ssh, line), { timeout: lookLimit });
  if (code === 0) return stdout.trim();
  if (/no such image/i.test(stderr)) return undefined;
  throw new Error(`Docker on ${ssh.host} does not say whether it has ${image}: ${stderr.trim()}`);
}

async function load({ ssh, image, file, sha256 }: ImageArchiveInputs): Promise<string> {
  const found = await sumOf(file).catch((error: Error) => {
    throw new Error(`\`imageArchive.file\` ${file} cannot be read: ${error.message}`);
  });
  if (found !== sha256)
    throw new Error(
      `\`imageArchive.sha256\` is ${sha256}, and ${file} has ${found}: the file is broken or another one; nothing was loaded`,
    );
  const said = await pour(ssh, file, asRoot(ssh, "docker load"), { timeout: loadLimit });
  const id = await idOf(ssh, image);
  if (id === undefined)
    throw new Error(
      `${file} holds no image of the name ${image}, which \`image\` asks for (Docker: ${said.trim() || "nothing loaded"}): name the one that is in it`,
    );
  return id;
}

const isSameImage = (olds: ImageArchiveInputs, news: ImageArchiveInputs): boolean =>
  olds.image === news.image && olds.sha256 === news.sha256;

/** The provider of {@link ImageArchive}. */
export const imageArchive = {
  async check(
    olds: Partial<ImageArchiveInputs>,
    news: Partial<ImageArchiveInputs>,
  ): Promise<pulumi.dynamic.CheckResult> {
    const checked = checkInputs(schema, news);
    // Containers are identified by the name of their image, so nothing would run the new one.
    if (olds.sha256 !== undefined && olds.image === news.image && olds.sha256 !== news.sha256)
      checked.failures?.push({
        property: "sha256",
        reason: `\`imageArchive.sha256\` is another archive's, and \`image\` is ${news.image} as before: give another image another tag`,
      });
    return checked;
  },

  /** Another host replaces it; another image or archive is loaded in place; another way to log in is only stored. */
  async diff(
    _id: string,
    olds: ImageArchiveOutputs,
    news: ImageArchiveInputs,
  ): Promise<pulumi.dynamic.DiffResult> {
    const replaces = replacedByHost(olds.ssh, news.ssh);
    const changes =
      replaces.length > 0 ||
      !isDeepStrictEqual(olds.ssh, news.ssh) ||
      olds.image !== news.image ||
      olds.sha256 !== news.sha256;
    return { changes, replaces, stables: isSameImage(olds, news) ? ["imageId"] : [] };
  },

  async create(inputs: ImageArchiveInputs): Promise<pulumi.dynamic.CreateResult<ImageArchiveOutputs>> {
    return { id: inputs.image, outs: { ...inputs, imageId: await load(inputs) } };
  },

  /** An image that is gone, or was replaced by another with its name, is loaded again. */
  async read(id: string, props: ImageArchiveOutputs): Promise<pulumi.dynamic.ReadResult> {
    if ((await idOf(props.ssh, props.image)) !== props.imageId) return { id: "" };
    const { ssh, image, file, sha256 } = props;
    return { id, props, inputs: { ssh, image, file, sha256 } };
  },

  async update(
    _id: string,
    olds: ImageArchiveOutputs,
    news: ImageArchiveInputs,
  ): Promise<pulumi.dynamic.UpdateResult<ImageArchiveOutputs>> {
    return { outs: { ...news, imageId: isSameImage(olds, news) ? olds.imageId : await load(news) } };
  },

  async delete(): Promise<void> {},
};
