import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";

/** What `npm pack` makes. */
export interface Tarball {
  file: string;
  /** Paths in it. */
  paths: string[];
}

/** Packs what is compiled. */
export async function pack(folder: string): Promise<Tarball> {
  mkdirSync(folder, { recursive: true });
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: packageRoot,
    timeout: 600_000,
  });
  const [made] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (!made) throw new Error(`npm pack said nothing: ${stdout}`);
  return { file: join(folder, made.filename), paths: made.files.map(({ path }) => path) };
}

/** The SDK that these tests run with: a program has one, and says which. */
const sdkVersion = (): string =>
  (
    JSON.parse(
      readFileSync(join(packageRoot, "node_modules", "@pulumi", "pulumi", "package.json"), "utf8"),
    ) as { version: string }
  ).version;

/**
 * Makes a program's folder that has nothing but this package, installed by npm from a tarball, and the SDK. What its
 * node_modules had is gone.
 */
export async function install(folder: string, { file }: Tarball): Promise<void> {
  rmSync(join(folder, "node_modules"), { recursive: true });
  const dependencies = { "@pulumi/pulumi": sdkVersion(), "ha-rancher": `file:${file}` };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "own", private: true, dependencies }));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
  await run("npm", ["install", ...options], { cwd: folder, timeout: 900_000 });
}

/** Puts a compiled program of this folder there. */
export const putProgram = (folder: string, name: string, as: string): void =>
  cpSync(join(__dirname, `${name}.js`), join(folder, as));
