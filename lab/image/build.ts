import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { passedOn } from "../../local/child-environment";
import { withLock } from "../../local/lock";
import { artifactsHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";

/** An image that was made on this machine. */
export interface Image {
  /** The reference that nodes pull: `ha-rancher/rancher-stand-in:TAG@DIGEST`. */
  reference: string;
  /** `sha256:...` of the manifest. */
  digest: string;
  /** Folder with the OCI layout, in which the image has the reference's tag. */
  layout: string;
}

/** What an image is made of. */
interface Recipe {
  repository: string;
  /** The first one's version is the image's. */
  packages: readonly string[];
  /** In its folder. */
  files: readonly string[];
}

/** What PostgreSQL and setpriv need of Debian 12. */
const postgresLibraries = [
  ...["libpq5", "libzstd1", "liblz4-1", "libxml2", "libpam0g", "libssl3", "libgssapi-krb5-2", "zlib1g"],
  ...["libldap-2.5-0", "libicu72", "libsystemd0", "liblzma5", "libaudit1", "libkrb5-3", "libk5crypto3"],
  ...["libcom-err2", "libkrb5support0", "libsasl2-2", "libgnutls30", "libstdc++6", "libgcc-s1", "libcap2"],
  ...["libgcrypt20", "libcap-ng0", "libkeyutils1", "libp11-kit0", "libidn2-0", "libunistring2", "libtasn1-6"],
  ...["libnettle8", "libhogweed6", "libgmp10", "libgpg-error0", "libffi8", "libreadline8", "libtinfo6"],
];

/** What Redis and setpriv need of Debian 12. */
const redisLibraries = [
  ...[
    "libatomic1",
    "libjemalloc2",
    "liblzf1",
    "libssl3",
    "libsystemd0",
    "libcap2",
    "libgcrypt20",
    "liblzma5",
  ],
  ...["libzstd1", "liblz4-1", "libgpg-error0", "libstdc++6", "libgcc-s1", "libcap-ng0"],
];

/** The images that can be made here, each in a folder with its recipe. */
const recipes = {
  rancher: {
    repository: "ha-rancher/rancher-stand-in",
    packages: ["etcd-server", "caddy", "busybox-static", "libc6", "libzstd1"],
    files: ["recipe.bash", "entrypoint.sh", "Caddyfile", "face.html", "api"],
  },
  postgres: {
    repository: "ha-rancher/postgres",
    packages: [
      "postgresql-15",
      "postgresql-client-15",
      "util-linux",
      "busybox-static",
      "libc6",
      ...postgresLibraries,
    ],
    files: ["recipe.bash", "entrypoint.sh"],
  },
  redis: {
    repository: "ha-rancher/redis",
    packages: ["redis-tools", "util-linux", "busybox-static", "libc6", ...redisLibraries],
    files: ["recipe.bash", "entrypoint.sh"],
  },
  nginx: {
    repository: "ha-rancher/nginx",
    packages: [
      ...["nginx", "nginx-common", "busybox-static", "libc6"],
      ...["libcrypt1", "libpcre2-8-0", "libssl3", "zlib1g"],
    ],
    files: ["recipe.bash", "entrypoint.sh", "nginx.conf", "default.conf"],
  },
  registry: {
    repository: "ha-rancher/registry",
    packages: ["docker-registry", "busybox-static", "libc6"],
    files: ["recipe.bash", "entrypoint.sh", "config.yml"],
  },
} satisfies Record<string, Recipe>;

export type ImageName = keyof typeof recipes;

const source = (...names: string[]): string => join(packageRoot, "lab", "image", ...names);

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
async function candidates(name: ImageName): Promise<string[]> {
  const packages: readonly string[] = recipes[name].packages;
  const { mtimeMs: stamp } = await stat("/var/lib/apt/lists");
  const file = join(artifactsHome(), `image-packages-${name}.json`);
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
  const missing = packages.filter((each) => !found.has(each));
  if (missing.length > 0) {
    throw new Error(
      `the image ${name} is made from Debian packages, and apt does not know ${missing.join(", ")}: run \`apt-get update\``,
    );
  }
  const pinned = Object.fromEntries(packages.map((each) => [each, `${each}=${found.get(each)}`]));
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
 * Returns an image. It is built unless one with the same sources and package versions exists.
 * The build needs apt's lists, their network, and umoci, but no container engine. The same sources and versions give
 * the same digest, so that a rebuild replaces no container.
 *
 * @param say gets a line for each step; not called if there is nothing to do
 * @param name default: the stand-in for Rancher's
 */
export async function buildImage(say: (line: string) => void, name: ImageName = "rancher"): Promise<Image> {
  const { repository, files } = recipes[name];
  const wanted = await candidates(name);
  const sources = [source("build.sh"), ...files.map((file) => source(name, file))];
  const hash = createHash("sha256").update(`${process.arch} ${wanted.join(" ")}\n`);
  for (const file of sources) hash.update(await readFile(file)).update("\0");
  const key = hash.digest("hex").slice(0, 12);
  const version = wanted[0]?.split("=")[1]?.replace(/[^\w.]+/g, "-");
  const tag = `${name === "rancher" ? "etcd-" : ""}${version}-${key}`;
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
        await run(source("build.sh"), [name, building, tag, ...wanted], { onLine: say, timeout: 600_000 });
        await rename(building, folder);
      },
      () => say("another process builds the image: waiting for it"),
    );
    digest = await digestOf(layout);
  }
  if (digest === undefined) throw new Error(`${layout} is not an OCI layout: remove ${folder} and try again`);
  return { reference: `${repository}:${tag}@${digest}`, digest, layout };
}
