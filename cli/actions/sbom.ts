import { readFileSync } from "node:fs";
import { join } from "node:path";
import { goParts, npmParts, type Part, sbom } from "../../domain/sbom";
import { packageRoot } from "../../local/root";
import { defaultImage } from "../../workloads/rancher/versions";

const text = (path: string): string => readFileSync(join(packageRoot, path), "utf8");

/** The programs that are built here where they cannot be downloaded. */
const goModules = ["local/toolchain/cli/go.mod", "local/toolchain/language-host/go.mod"];

/** The image that runs on nodes unless the settings name another one. */
function imagePart(): Part {
  const [name = "", version = ""] = defaultImage.split(":");
  const purl = `pkg:docker/${name}@${version}`;
  return { type: "container", "bom-ref": purl, name, version, purl, scope: "required" };
}

/** What this program is made of. */
export function ownSbom(): object {
  const parts = [
    ...npmParts(JSON.parse(text("package-lock.json"))),
    ...goModules.flatMap((file) => goParts(text(file))),
    imagePart(),
  ];
  return sbom(JSON.parse(text("package.json")), parts);
}

/** Prints it. */
export function printSbom(): void {
  process.stdout.write(`${JSON.stringify(ownSbom(), undefined, 2)}\n`);
}
