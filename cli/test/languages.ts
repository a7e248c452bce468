import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "../../local/lock";
import { cacheHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { run } from "../../local/run";

/*
 * What runs programs in other languages. The official CLI has the language hosts beside it; here they are the last ones that were
 * tagged Go modules. These know no `pulumi package add`, so Pulumi's generators of SDKs are called by a program of ours.
 */

const described = (...path: string[]): string => join(packageRoot, "test", "languages", ...path);
const descriptions = [
  ...["older", "newer"].flatMap((module) => [`${module}/go.mod`, `${module}/go.sum`]),
  "newer/generate.go",
  "requirements.txt",
];

function home(): string {
  const hash = createHash("sha256");
  for (const name of descriptions) hash.update(readFileSync(described(name)));
  return join(cacheHome(), "languages", hash.digest("hex").slice(0, 16));
}

/** The folder with the language hosts, the generator (`generate`) and Python's programs. */
export const languagePrograms = (): string => join(home(), "bin");

const sdk = "github.com/pulumi/pulumi/sdk/v3";

async function build(module: "older" | "newer", programs: Record<string, string>): Promise<void> {
  const environment = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
  for (const [name, path] of Object.entries(programs))
    await run(
      "go",
      [
        "build",
        "-mod=readonly",
        "-trimpath",
        "-tags=osusergo,grpcnotrace",
        "-o",
        join(languagePrograms(), name),
        path,
      ],
      { cwd: described(module), env: environment, timeout: 1_200_000 },
    );
}

/** The folder of a module's sources in Go's cache. */
async function sourceOf(module: string): Promise<string> {
  const { stdout } = await run("go", ["list", "-m", "-f", "{{.Dir}}", module], {
    cwd: described("older"),
    env: process.env,
  });
  return stdout.trim();
}

/**
 * Makes all of them, unless they exist.
 *
 * @throws RunError if there is no Go or no Python with `venv`, or something cannot be fetched
 */
export async function makeLanguages(tell: (line: string) => void): Promise<void> {
  const done = join(home(), "complete");
  if (existsSync(done)) return;
  await withLock(join(cacheHome(), "languages"), "languages", async () => {
    if (existsSync(done)) return;
    tell("building Pulumi's language hosts for Python, Go and YAML");
    // An interrupted attempt may have left it.
    rmSync(home(), { recursive: true, force: true });
    mkdirSync(home(), { recursive: true });
    await run("python3", ["-m", "venv", home()], { timeout: 300_000 });
    const install = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "-r",
      described("requirements.txt"),
    ];
    await run(join(languagePrograms(), "python"), install, { env: process.env, timeout: 600_000 });
    await build("older", {
      "pulumi-language-go": `${sdk}/go/pulumi-language-go`,
      "pulumi-language-python": `${sdk}/python/cmd/pulumi-language-python`,
    });
    const starter = "pulumi-language-python-exec";
    copyFileSync(join(await sourceOf(sdk), "python", "cmd", starter), join(languagePrograms(), starter));
    await build("newer", {
      "pulumi-language-yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
      generate: ".",
    });
    writeFileSync(done, "");
  });
}
