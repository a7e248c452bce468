import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { linters } from "../../cli/test/lint";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { put, temporaryFolder } from "./cli-support";

/* The real tools with the project's own configuration, over a few files that break a rule, or none. */

type Files = Record<string, string>;

const configurations: Record<string, string> = {
  biome: "biome.json",
  "dependency-cruiser": ".dependency-cruiser.cjs",
  knip: "knip.jsonc",
};

function project(t: TestContext, tool: string, files: Files): string {
  const folder = temporaryFolder(t);
  for (const name of [configurations[tool] ?? "", "tsconfig.json"])
    copyFileSync(join(packageRoot, name), join(folder, name));
  put(join(folder, ".gitignore"), "dist/\n");
  put(join(folder, "package.json"), '{ "name": "ha-rancher", "dependencies": {} }\n');
  for (const [name, text] of Object.entries(files)) put(join(folder, name), text);
  return folder;
}

/** Runs a tool as `npm run lint` does, over those folders that there are. */
async function lint(t: TestContext, tool: string, files: Files): Promise<{ code: number; said: string }> {
  const folder = project(t, tool, files);
  const job = linters().find(({ name }) => name === `lint/${tool}`);
  assert.ok(job);
  const rooms = new Set(Object.keys(files).map((name) => name.split("/")[0] ?? ""));
  const isRoom = /^(index\.ts|[a-z]+)$/;
  const options = job.args.indexOf("index.ts");
  const args = job.args.filter((arg, i) => options < 0 || i < options || !isRoom.test(arg) || rooms.has(arg));
  const { code, stdout, stderr } = await tryRun(job.command, args, { cwd: folder });
  return { code, said: stdout + stderr };
}

const used = {
  "domain/low.ts": "export const low = 1;\n",
  "settings/index.ts": 'import { low } from "../domain/low";\n\nexport const middle = low;\n',
  "index.ts": 'import { middle } from "./settings";\n\nexport const top = middle;\n',
};

test("dependency-cruiser: arrows downwards are well", async (t) => {
  const { code, said } = await lint(t, "dependency-cruiser", used);
  assert.equal(code, 0, said);
});

const breaches: [rule: string, files: Files][] = [
  [
    "domain-looks-down",
    { "domain/high.ts": 'import { middle } from "../settings";\n\nexport const x = middle;\n' },
  ],
  [
    "settings-looks-down",
    {
      "components/a.ts": "export interface A {\n  a: number;\n}\n",
      // A type counts.
      "settings/up.ts": 'import type { A } from "../components/a";\n\nexport const a: A = { a: 1 };\n',
    },
  ],
  [
    "components-looks-down",
    { "components/b.ts": 'import { middle } from "../settings";\n\nexport const b = middle;\n' },
  ],
  [
    "lab-looks-down",
    {
      "cli/c.ts": "export const c = 1;\n",
      "lab/c.ts": 'import { c } from "../cli/c";\n\nexport const d = c;\n',
    },
  ],
  [
    "workload-settings-look-down",
    {
      "providers/p.ts": "export const p = 1;\n",
      "workloads/some/settings.ts": 'import { p } from "../../providers/p";\n\nexport const s = p;\n',
    },
  ],
  [
    "tests-on-top",
    {
      "test/t.ts": "export const t = 1;\n",
      "drill/t.ts": 'import { t } from "../test/t";\n\nexport const u = t;\n',
    },
  ],
  [
    "no-cycles",
    {
      "domain/one.ts": 'import { two } from "./two";\n\nexport const one = () => two;\n',
      "domain/two.ts": 'import { one } from "./one";\n\nexport const two = () => one;\n',
    },
  ],
  [
    "everything-is-there",
    { "domain/gone.ts": 'import { x } from "./no-such-file";\n\nexport const y = x;\n' },
  ],
];

test("dependency-cruiser names each breach by its rule", async (t) => {
  const planted = Object.assign({}, used, ...breaches.map(([, files]) => files)) as Files;
  const { code, said } = await lint(t, "dependency-cruiser", planted);
  assert.notEqual(code, 0);
  const found = said.match(/(?<=error )[\w-]+(?=:)/g) ?? [];
  assert.deepEqual([...new Set(found)].sort(), breaches.map(([rule]) => rule).sort(), said);
});

test("knip: what is used is well; an export, a file and a dependency that nobody uses are named", async (t) => {
  const well = await lint(t, "knip", used);
  assert.equal(well.code, 0, well.said);
  const { code, said } = await lint(t, "knip", {
    ...used,
    "domain/low.ts": "export const low = 1;\n\nexport const lonely = 2;\n",
    "local/forgotten.ts": "export const forgotten = 1;\n",
    "package.json": '{ "name": "ha-rancher", "dependencies": { "left-pad": "1.3.0" } }\n',
  });
  assert.equal(code, 1);
  assert.match(said, /Unused files \(1\)\s+local\/forgotten\.ts/);
  assert.match(said, /Unused exports \(1\)\s+lonely\s+domain\/low\.ts/);
  assert.match(said, /Unused dependencies \(1\)\s+left-pad/);
});

test("biome refuses Node's own makers of keys, which can stop Node for good", async (t) => {
  const makes =
    'import { generateKeyPairSync } from "node:crypto";\n\nexport const make = generateKeyPairSync;\n';
  const folder = project(t, "biome", { "local/keys.ts": makes });
  const job = linters().find(({ name }) => name === "lint/biome");
  const result = await tryRun(job?.command ?? "", [...(job?.args ?? []), "--vcs-enabled=false", "local"], {
    cwd: folder,
  });
  assert.equal(result.code, 1);
  assert.match(
    result.stdout + result.stderr,
    /noRestrictedImports(.|\n)*newKeyPair of providers\/vagrant\/keys/,
  );
});
