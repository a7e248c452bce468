import { existsSync } from "node:fs";
import { installMissing } from "../../lab/packages";
import { callOf } from "../../local/called";
import { passedOn } from "../../local/child-environment";
import { Failure } from "../../local/errors";
import { tryRun } from "../../local/run";
import { onPath } from "../../local/toolchain/path";
import { confirm } from "../ui/confirm";
import { python } from "./node";

/** What it needs on this machine, and which of Debian's packages has it. */
const packages: Readonly<Record<string, string>> = {
  keepalived: "keepalived",
  [python]: "python3-minimal",
  ip: "iproute2",
  bridge: "iproute2",
  unshare: "util-linux",
  nsenter: "util-linux",
  mount: "mount",
};

/** Programs of administrators, which are not on everybody's PATH. */
const folders = ["/usr/sbin", "/sbin"];

const has = (program: string): boolean =>
  existsSync(program) ||
  onPath(program) !== undefined ||
  folders.some((folder) => existsSync(`${folder}/${program}`));

const missing = (): string[] => Object.keys(packages).filter((program) => !has(program));

const missingPackages = (): string[] => [...new Set(missing().map((program) => packages[program] as string))];

/** PATH with the folders where keepalived and iproute2 may be. */
export const wholePath = (path = process.env.PATH ?? ""): string =>
  [...new Set([...path.split(":"), ...folders])].join(":");

/**
 * Sees to it that all is there that `npm run try` needs. Packages are installed only by root, and after a question.
 *
 * @param yes without a question
 * @throws Failure with the way out
 */
export async function ensureNeeds(yes: boolean, say: (line: string) => void): Promise<void> {
  if (process.platform !== "linux")
    throw new Failure(
      `its nodes are network namespaces, which only Linux has, and this is ${process.platform}: run it in a Linux machine, or make real ones with \`${callOf("up")}\``,
    );
  const names = missingPackages();
  if (names.length === 0) return;
  const lacks = `it needs ${missing().join(", ")}, and this machine does not have ${missing().length > 1 ? "them" : "it"}`;
  if (!has("apt-get")) throw new Failure(`${lacks}: install ${names.join(" and ")} with its package manager`);
  if (process.getuid?.() !== 0)
    throw new Failure(`${lacks}: \`sudo apt-get install --no-install-recommends ${names.join(" ")}\``);
  if (!yes)
    await confirm({
      title: "These Debian packages are missing. They stay; none of their services starts:",
      ...{ losses: names, message: "Install them?", unasked: callOf("try", "--yes") },
    });
  await installMissing(async () => missingPackages(), say);
}

/** A user's own namespaces: whoever makes them is root in there, and nobody elsewhere. */
const user = ["--user", "--map-root-user"];
/** Its first process ends with `unshare`, and everything else in them with that one. */
const others = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/**
 * How `unshare` makes the namespaces here: without rights where users may do that, else as root.
 *
 * @throws Failure if neither works
 */
export async function namespaceArguments(): Promise<string[]> {
  const env = { ...passedOn(process.env), PATH: wholePath() };
  const ways = [[...user, ...others], ...(process.getuid?.() === 0 ? [others] : [])];
  let why = "";
  for (const way of ways) {
    const { code, stderr } = await tryRun("unshare", [...way, "true"], { env, timeout: 10_000 });
    if (code === 0) return way;
    why = stderr.trim().split("\n").at(-1) ?? "";
  }
  const out =
    process.getuid?.() === 0
      ? "containers and sandboxes often forbid it: run it on the machine itself"
      : "run it with `sudo`, or let users make namespaces (`kernel.unprivileged_userns_clone`, AppArmor's `kernel.apparmor_restrict_unprivileged_userns`)";
  throw new Failure(`this machine does not let it make namespaces (${why}): ${out}`);
}
