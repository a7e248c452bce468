import { buildBox, installPackages } from "../../lab";
import { buildImage } from "../../lab/image/build";
import { passedOn } from "../../local/child-environment";
import { Failure, shownError } from "../../local/errors";
import { run } from "../../local/run";
import { ensureToolchain } from "../../local/toolchain";
import { onPath } from "../../local/toolchain/path";
import { colors } from "../ui/colors";
import { makeLanguages } from "./languages";
import { fetchNewerNode } from "./newer-node";
import { fetchPromtool } from "./promtool";
import { canMakePython, makePython } from "./python";

/** What a layer needs before it starts. */
export type Need =
  | "newer-node"
  | "languages"
  | "shellcheck"
  | "python"
  | "promtool"
  | "spin"
  | "keepalived"
  | "browser"
  | "toolchain"
  | "lab";

/** Starts to prepare everything that the layers need, in parallel. A failure is kept until a layer asks for it. */
export function prepare(needs: Set<Need>, say: (line: string) => void): Record<Need, Promise<void>> {
  const start = (need: Need, action: (say: (line: string) => void) => Promise<void>): Promise<void> => {
    if (!needs.has(need)) return Promise.resolve();
    const ready = action((line) => say(colors.dim(`[${need}] ${line}`)));
    ready.catch(() => {}); // It may fail before anything waits for it.
    return ready;
  };
  // All of them use apt, which allows one process at a time.
  const shellcheck = start("shellcheck", (tell) =>
    installPrograms(tell, "the tests of shell scripts", { shellcheck: "shellcheck" }),
  );
  const python = start("python", async (tell) => {
    await shellcheck.catch(() => {});
    if (!(await canMakePython())) await install(tell, "the tests of the agent", ["python3", "python3-venv"]);
    await makePython(tell);
  });
  const spin = start("spin", async (tell) => {
    await Promise.all([shellcheck, python]).catch(() => {});
    await installPrograms(tell, "the tests of the model", { spin: "spin", gcc: "gcc libc6-dev" });
  });
  const keepalived = start("keepalived", async (tell) => {
    await Promise.all([shellcheck, python, spin]).catch(() => {});
    await installPrograms(tell, "the tests of the floating IP", {
      keepalived: "keepalived",
      nft: "nftables",
    });
  });
  const browser = start("browser", async (tell) => {
    await Promise.all([shellcheck, python, spin, keepalived]).catch(() => {});
    await installPrograms(tell, "the tests of the page", { chromium: "chromium fonts-dejavu-core" });
  });
  return {
    "newer-node": start("newer-node", fetchNewerNode),
    shellcheck,
    python,
    promtool: start("promtool", fetchPromtool),
    spin,
    keepalived,
    browser,
    languages: start("languages", async (tell) => {
      await python.catch(() => {});
      await makeLanguages(tell);
    }),
    toolchain: start("toolchain", async (tell) => void (await ensureToolchain(tell))),
    lab: start("lab", async (tell) => {
      await keepalived.catch(() => {});
      await installPackages(tell);
      await Promise.all([buildBox(tell), buildImage(tell)]);
    }),
  };
}

/** Installs Debian packages whose programs are missing. */
async function installPrograms(
  tell: (line: string) => void,
  what: string,
  packageOf: Record<string, string>,
): Promise<void> {
  const missing = Object.entries(packageOf).filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  await install(
    tell,
    what,
    missing.flatMap(([, names]) => names.split(" ")),
  );
}

/** Installs Debian packages. */
async function install(tell: (line: string) => void, what: string, packages: string[]): Promise<void> {
  tell(`installing ${packages.join(" and ")}`);
  const apt = (...args: string[]) =>
    run("apt-get", ["-q", "-y", "-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...passedOn(process.env), DEBIAN_FRONTEND: "noninteractive" },
      timeout: 600_000,
    });
  try {
    await apt("update");
    await apt("install", "--no-install-recommends", ...packages);
  } catch (error) {
    throw new Failure(
      `${what} need ${packages.join(" and ")}, which cannot be installed (${shownError(error)}): install them`,
    );
  }
}
