import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { passedOn } from "../../local/child-environment";
import { withLock } from "../../local/lock";
import { artifactsHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";

/** The stand-in for Rancher's image on this machine. */
export interface Image {
  /** The reference that nodes pull: `ha-rancher/rancher-stand-in:TAG@DIGEST`. */
  reference: string;
  /** `sha256:...` of the manifest. */
  digest: string;
  /** Folder with the OCI layout, in which the image has the reference's tag. */
  layout: string;
}

const repository = "ha-rancher/rancher-stand-in";

/** What the image is made of. */
const source = (name: string): string => join(packageRoot, "lab", "image", name);
const sources = ["build.sh", "entrypoint.sh", "Caddyfile", "face.html"].map(source);
const packages = ["etcd-server", "caddy", "busybox-static", "libc6", "libzstd1"];

/** Reads `apt-cache policy`: package -> the version that apt would install. */
export function parsePolicy(text: string): Map<string, string> {
  const versions = new Map<string, string>();
  let name = "";
  for (const line of text.split("\n")) {
    name = /^(\S+?)(?::\w+)?:$/.exec(line)?.[1] ?? name;
    const version = /^ {2}Candidate: (\S+)$/.exec(line)?.[1];
    if (version && version !== "(none)") versions.set(name, version);
  }
  return versions;
}

/** The versions in apt's lists, with the time of the lists in milliseconds. */
interface Memo {
  stamp: number;
  /** `PACKAGE=VERSION` by package. */
  pinned: Record<string, string>;
}

/** `PACKAGE=VERSION` of apt's candidate for each package. apt takes a second: it runs once per update of its lists. */
async function candidates(): Promise<string[]> {
  const { mtimeMs: stamp } = await stat("/var/lib/apt/lists");
  const file = join(artifactsHome(), "image-packages.json");
  const memo: Memo | undefined = await readFile(file, "utf8")
    .then(JSON.parse)
    .catch(() => undefined);
  if (memo?.stamp === stamp && String(Object.keys(memo.pinned ?? {})) === String(packages)) {
    return Object.values(memo.pinned);
  }
  const policy = await run("apt-cache", ["policy", ...packages], {
    env: { ...passedOn(process.env), LC_ALL: "C" },
  });
  const found = parsePolicy(policy.stdout);
  const missing = packages.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new Error(
      `the stand-in image is made from Debian packages, and apt does not know ${missing.join(", ")}: run \`apt-get update\``,
    );
  }
  const pinned = Object.fromEntries(packages.map((name) => [name, `${name}=${found.get(name)}`]));
  await mkdir(artifactsHome(), { recursive: true });
  await writeFile(file, JSON.stringify({ stamp, pinned } satisfies Memo));
  return Object.values(pinned);
}

/** The manifest's digest in an OCI layout with one image; undefined if there is no such layout. */
export async function digestOf(layout: string): Promise<string | undefined> {
  const index = await readFile(join(layout, "index.json"), "utf8").catch(() => undefined);
  return index === undefined ? undefined : JSON.parse(index).manifests[0].digest;
}

/**
 * Returns the stand-in for Rancher's image. It is built unless one with the same sources and package versions exists.
 * The build needs apt's lists, their network, and umoci, but no container engine. The same sources and versions give
 * the same digest, so that a rebuild replaces no container.
 *
 * @param say gets a line for each step; not called if there is nothing to do
 */
export async function buildImage(say: (line: string) => void): Promise<Image> {
  const wanted = await candidates();
  const hash = createHash("sha256").update(`${process.arch} ${wanted.join(" ")}\n`);
  for (const file of sources) hash.update(await readFile(file)).update("\0");
  const key = hash.digest("hex").slice(0, 12);
  const version = wanted[0]?.split("=")[1]?.replace(/[^\w.]+/g, "-");
  const tag = `etcd-${version}-${key}`;
  const folder = join(artifactsHome(), `image-${key}`);
  const layout = join(folder, "layout");
  let digest = await digestOf(layout);
  if (digest === undefined) {
    await withLock(
      artifactsHome(),
      "image",
      async () => {
        if (await digestOf(layout)) return; // Another process built it meanwhile.
        const building = `${folder}.building`;
        await rm(building, { recursive: true, force: true });
        await mkdir(building, { recursive: true });
        await run(source("build.sh"), [building, tag, ...wanted], { onLine: say, timeout: 600_000 });
        await rename(building, folder);
      },
      () => say("another process builds the image: waiting for it"),
    );
    digest = await digestOf(layout);
  }
  if (digest === undefined) throw new Error(`${layout} is not an OCI layout: remove ${folder} and try again`);
  return { reference: `${repository}:${tag}@${digest}`, digest, layout };
}
