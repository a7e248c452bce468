import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { toolchainHome } from "../paths";
import { packageRoot } from "../root";
import { type RunError, run } from "../run";
import { isExecutable, onPath } from "./path";
import type { Toolchain } from "./toolchain";

interface Binary {
  name: string;
  /** Our Go module, below toolchain/. */
  module: "cli" | "language-host";
  package: string;
  /** The version that it reports. */
  version: string;
}

/** The language host is the last version that was a tagged Go module. It works with newer CLIs and SDKs. */
const binaries: readonly Binary[] = [
  {
    name: "pulumi",
    module: "cli",
    package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
    version: "3.220.0",
  },
  {
    name: "language-host",
    module: "language-host",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    version: "3.65.0",
  },
];

const folderOf = (binary: Binary): string => join(packageRoot, "local", "toolchain", binary.module);

/** Scripts beside the binaries. */
const launchers = (): string[] =>
  [
    "pulumi-language-nodejs",
    "pulumi-resource-pulumi-nodejs",
    "pulumi-analyzer-policy",
    "dynamic-provider.cjs",
    "policy-pack.cjs",
    "late-modules.cjs",
  ].map((name) => join(packageRoot, "local", "toolchain", "launchers", name));

// The tags leave out cgo for user names, and gRPC's tracing, which needs reflection and doubles the size.
const flags = (binary: Binary): string[] => [
  "-mod=readonly",
  "-buildvcs=false",
  "-trimpath",
  "-tags=osusergo,grpcnotrace",
  `-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${binary.version}`,
];

/** Everything that determines the result, except for the compiler. */
export function recipe(): string {
  const modules = binaries.map((binary) =>
    [
      binary.package,
      ...flags(binary),
      ...["go.mod", "go.sum"].map((file) => readFileSync(join(folderOf(binary), file), "utf8")),
    ].join("\n"),
  );
  return [...modules, ...launchers().map((file) => readFileSync(file, "utf8"))].join("\n");
}

// The user's settings for Go modules (proxy, private modules, sums) stay. Settings that would change the result do not.
const buildEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  // A C compiler is not needed, and not asked for.
  CGO_ENABLED: process.platform === "linux" ? "0" : process.env.CGO_ENABLED,
  GOFLAGS: "",
  GOWORK: "off",
});

const since = (start: number): string => `${((Date.now() - start) / 1000).toFixed(0)} s`;

/** What `go build -v` prints: a line for each module that it fetches and for each package that it compiles. */
const fetched = /^go: (downloading|extracting) /;
const compiled = /^[\w.-]+(\/[\w.~+-]+)*$/;

async function compile(
  binary: Binary,
  go: string,
  folder: string,
  say: (line: string) => void,
): Promise<void> {
  const start = Date.now();
  const count = { modules: 0, packages: 0 };
  const tick = setInterval(() => {
    say(
      `${binary.name}: ${count.modules} modules fetched, ${count.packages} packages compiled, ${since(start)}`,
    );
  }, 10_000);
  try {
    await run(go, ["build", "-v", ...flags(binary), "-o", join(folder, binary.name), binary.package], {
      cwd: folderOf(binary),
      env: buildEnvironment(),
      onLine: (line) => {
        if (fetched.test(line)) count.modules += 1;
        else if (compiled.test(line)) count.packages += 1;
      },
    });
    say(`${binary.name} ${binary.version} is compiled (${since(start)})`);
  } catch (error) {
    throw explained(error as RunError, binary);
  } finally {
    clearInterval(tick);
  }
}

function explained(error: RunError, binary: Binary): Error {
  const said = error.result?.stderr ?? "";
  const lines = said.split("\n").filter((line) => line && !fetched.test(line) && !compiled.test(line));
  const last = lines.slice(-8).join("\n  ");
  if (/requires go >= |toolchain not available/.test(said)) {
    return new Error(
      `\`go\` is too old to build ${binary.name}:\n  ${last}\nInstall a newer Go, or ${wayOut}`,
    );
  }
  if (
    /dial tcp|no such host|i\/o timeout|proxyconnect|connection refused|40[34] Forbidden|TLS handshake/i.test(
      said,
    )
  ) {
    return new Error(
      `the Go modules for ${binary.name} cannot be fetched:\n  ${last}\nCheck the network and \`go env GOPROXY\`, or ${wayOut}`,
    );
  }
  if (/no space left on device/.test(said)) {
    return new Error(
      `no space left on the disk while building ${binary.name} (it needs about 4 GB in \`go env GOCACHE\` and \`GOMODCACHE\`): free some and run the same again`,
    );
  }
  return new Error(
    `${binary.name} cannot be built:\n  ${last || error.message}\nTo do without building it, ${wayOut}`,
  );
}

const wayOut =
  "install Pulumi 3.220 or newer so that `pulumi` is on PATH (https://www.pulumi.com/docs/install/).";

async function goVersion(): Promise<{ go: string; version: string }> {
  const go = onPath("go");
  if (!go) {
    throw new Error(
      `there is no Pulumi CLI, none can be downloaded, and building one needs \`go\` 1.24 or newer, which is not on PATH.\nInstall Go (https://go.dev/dl/) and run the same again, or ${wayOut}`,
    );
  }
  const { stdout } = await run(go, ["env", "GOVERSION"], {
    env: buildEnvironment(),
    cwd: folderOf(binaries[0] as Binary),
  });
  return { go, version: stdout.trim() };
}

/** Removes what killed builds left. The caller has the lock, so no build is running. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(toolchainHome())) {
    if (name.startsWith(".building-"))
      await rm(join(toolchainHome(), name), { recursive: true, force: true });
  }
}

/**
 * Builds the CLI and the language host from Go modules, into a folder named by the hash of everything that determines
 * the result. If that folder exists, nothing is done. A build takes about 3 minutes on 2 cores from an empty Go cache.
 *
 * @throws Error with the way out if Go or the network is missing, or the build fails
 */
export async function buildToolchain(say: (line: string) => void): Promise<Toolchain> {
  const { go, version } = await goVersion();
  const hash = createHash("sha256").update(`${recipe()}\n${version}`).digest("hex").slice(0, 16);
  const folder = join(toolchainHome(), hash);
  const toolchain: Toolchain = {
    bin: join(folder, "bin"),
    version: binaries[0]?.version ?? "",
    origin: "build",
  };
  if (isExecutable(join(toolchain.bin, "pulumi"))) return toolchain;
  await removeLeftovers();
  const work = join(toolchainHome(), `.building-${hash}`);
  const bin = join(work, "bin");
  await mkdir(bin, { recursive: true });
  say(`building Pulumi ${toolchain.version} from source with ${version} (about 3 min on 2 cores, once)`);
  try {
    // One after the other: they share the standard library and more, which both would compile in parallel. One build
    // alone uses // all cores.
    for (const binary of binaries) await compile(binary, go, bin, say);
    for (const launcher of launchers()) {
      await copyFile(launcher, join(bin, basename(launcher)));
      await chmod(join(bin, basename(launcher)), 0o755);
    }
    await rename(work, folder);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw error;
  }
  return toolchain;
}
