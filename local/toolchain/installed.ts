import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { compareVersions, isVersion, majorOf } from "../../domain/version";
import { passedOn } from "../child-environment";
import { toolchainHome } from "../paths";
import { tryRun } from "../run";
import { allOnPath, isBelow, isExecutable, onPath } from "./path";
import type { Toolchain } from "./toolchain";

/** The first CLI that has everything that this program uses: state format, policy packs, `inputs` of a read. */
export const minimumVersion = "3.220.0";

/** The programs that `pulumi` starts: language host, dynamic provider, policy pack. */
export const companions = [
  "pulumi-language-nodejs",
  "pulumi-resource-pulumi-nodejs",
  "pulumi-analyzer-policy",
] as const;

/** The user's own `pulumi`. In `ha-rancher shell` ours is on PATH, too, and does not count. */
export const pulumiOnPath = (): string | undefined =>
  allOnPath("pulumi").find((file) => !isBelow(file, toolchainHome()));

/** Whether a version is at least another, of the same major version; suffixes such as `-alpha` do not count. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [release = ""] = version.split(/[-+]/);
  return isVersion(release) && majorOf(release) === majorOf(wanted) && compareVersions(release, wanted) >= 0;
}

/** The toolchain that the user has installed, if it is new enough and complete. */
export async function findToolchain(say: (line: string) => void): Promise<Toolchain | undefined> {
  const pulumi = pulumiOnPath();
  if (!pulumi) return undefined;
  const result = await tryRun(pulumi, ["version"], {
    env: { ...passedOn(process.env), PULUMI_SKIP_UPDATE_CHECK: "true" },
    timeout: 60_000,
  });
  const version = result.stdout.trim().replace(/^v/, "");
  if (result.code !== 0 || !isAtLeast(version, minimumVersion)) {
    say(
      `${pulumi} is ${version || "not usable"}: ${minimumVersion} or a newer 3.x is needed, so it is not used`,
    );
    return undefined;
  }
  // Pulumi searches beside its own file, after following links, and on PATH.
  const beside = [dirname(pulumi), dirname(realpathSync(pulumi))];
  const missing = companions.filter(
    (name) => !onPath(name) && !beside.some((folder) => isExecutable(join(folder, name))),
  );
  if (missing.length > 0) {
    say(`${pulumi} is not used: ${missing.join(", ")} is not beside it nor on PATH`);
    return undefined;
  }
  return { bin: dirname(pulumi), version, origin: "path" };
}
