/*
 * The list of what this program is made of, as CycloneDX 1.6 (ECMA-424): npm packages by package-lock.json, Go modules of the
 * programs that are built here by go.mod. Nothing is looked up: the same files give the same list.
 */

/** A part of the list. `scope: excluded`: needed for working on this program, and not for running it. */
export interface Part {
  type: "library" | "application" | "container";
  "bom-ref": string;
  name: string;
  version: string;
  purl: string;
  scope: "required" | "optional" | "excluded";
  hashes?: { alg: string; content: string }[];
  licenses?: { expression: string }[];
}

interface Locked {
  version?: string;
  integrity?: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
  link?: boolean;
}

const algorithms: Record<string, string> = {
  sha512: "SHA-512",
  sha384: "SHA-384",
  sha256: "SHA-256",
  sha1: "SHA-1",
};

/** Subresource Integrity, as npm writes it, as hexadecimal sums. */
function hashesOf(integrity: string): NonNullable<Part["hashes"]> {
  return integrity.split(/\s+/).flatMap((word) => {
    const [, name = "", base64 = ""] = /^(sha\d+)-([A-Za-z0-9+/]+=*)$/.exec(word) ?? [];
    const alg = algorithms[name];
    return alg ? [{ alg, content: Buffer.from(base64, "base64").toString("hex") }] : [];
  });
}

/** The npm packages that a package-lock.json of version 3 names, each once. */
export function npmParts(lock: { packages: Record<string, Locked> }): Part[] {
  const parts = new Map<string, Part>();
  for (const [path, { version, integrity, license, dev, optional, link }] of Object.entries(lock.packages)) {
    const name = path.split("node_modules/").at(-1);
    if (!path || !name || !version || link) continue;
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    const scope = dev ? "excluded" : optional ? "optional" : "required";
    // The same version may be in several folders: what needs it most counts.
    if (parts.has(purl) && scope !== "required") continue;
    parts.set(purl, {
      ...{ type: "library", "bom-ref": purl, name, version, purl, scope },
      ...(integrity && { hashes: hashesOf(integrity) }),
      ...(license && { licenses: [{ expression: license }] }),
    });
  }
  return [...parts.values()];
}

/** The Go modules that a go.mod requires, with what it replaces them by. */
export function goParts(file: string): Part[] {
  const text = file.replace(/\/\/.*$/gm, "");
  const replaced = new Map(
    [...text.matchAll(/^(?:replace)?\s*(\S+)(?: v\S+)? => (\S+) (v\S+)\s*$/gm)].map(
      ([, from = "", to = "", version = ""]) => [from, { to, version }],
    ),
  );
  return [...text.matchAll(/^(?:require)?\s+(\S+\.\S+) (v\S+)\s*$/gm)].map(
    ([, module = "", required = ""]) => {
      const { to, version } = replaced.get(module) ?? { to: module, version: required };
      const purl = `pkg:golang/${to}@${version}`;
      return { type: "library", "bom-ref": purl, name: to, version, purl, scope: "required" };
    },
  );
}

/** @param own this program's name, version and licence */
export function sbom(
  own: { name: string; version: string; license: string },
  parts: readonly Part[],
): object {
  const unique = [...new Map(parts.map((part) => [part.purl, part])).values()];
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": own.name,
        name: own.name,
        version: own.version,
        licenses: [{ expression: own.license }],
      },
    },
    components: unique.sort((a, b) => (a.purl < b.purl ? -1 : 1)),
  };
}
