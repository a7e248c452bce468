import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { installStandIn, wantedPlugins } from "../../lab/plugins/install";
import { keepingStackFile } from "../../local/pulumi/stack-file";
import { packageRoot } from "../../local/root";
import { type RunResult, run, tryRun } from "../../local/run";
import { ensureToolchain } from "../../local/toolchain";

/** The advisories that docs/policies.md says the blog's stack has. */
function documented(): string[] {
  const text = readFileSync(join(packageRoot, "docs", "policies.md"), "utf8");
  const table = /\| advisory \|[^\n]*\n\|---\|---\|\n((?:\|[^\n]*\n)+)/.exec(text)?.[1] ?? "";
  return [...table.matchAll(/^\| `([\w-]+)`/gm)].map(([, name = ""]) => name);
}

test("the blog's stack previews with just the advisories that are documented", async (t) => {
  const toolchain = await ensureToolchain((line) => console.log(line));
  const folder = mkdtempSync(join(tmpdir(), "engine-blog-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["backend", "home"]) mkdirSync(join(folder, name));
  const { HA_RANCHER_LAB: _, ...outside } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...outside,
    PATH: `${toolchain.bin}:${process.env.PATH}`,
    XDG_DATA_HOME: join(folder, "data"),
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: "of the tests",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
  };
  await Promise.all(wantedPlugins(env).map(installStandIn));
  const options = { cwd: packageRoot, env };
  const common = ["--non-interactive", "--color", "never"];
  const { code, stdout, stderr } = await keepingStackFile(
    join(packageRoot, "Pulumi.blog.yaml"),
    async (): Promise<RunResult> => {
      await run("pulumi", ["stack", "init", "blog", "--no-select", ...common], options);
      const flags = ["--stack", "blog", "--policy-pack", "policy", ...common];
      return await tryRun("pulumi", ["preview", ...flags], options);
    },
  );
  assert.equal(code, 0, `${stdout}${stderr}`);
  const found = [...stdout.matchAll(/\[(\w+)\](?: \[severity: \w+\])? {2}([\w-]+) {2}\(/g)].map(
    ([, level, name]) => `${level} ${name}`,
  );
  assert.ok(documented().length > 0);
  assert.deepEqual(
    [...new Set(found)].sort(),
    documented()
      .map((name) => `advisory ${name}`)
      .sort(),
    stdout,
  );
});
