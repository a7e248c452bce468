import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, test } from "node:test";
import ts from "typescript";
import { reportOf } from "../../cli/status-report";
import { asCalled, callOf, callOn, forStack } from "../../local/called";
import { packageRoot } from "../../local/root";
import { lastLines } from "../../providers/remote/ssh";
import { node, serving, waiting, yes } from "./reported-nodes";

const variable = "HA_RANCHER_CALLED_AS";
afterEach(() => delete process.env[variable]);

test("a command is named as its caller types it", () => {
  for (const [as, plain, worded, office] of [
    [undefined, "npm run up", "npm run up -- --wait", "npm run ssh -- --stack office a"],
    ["npm run", "npm run up", "npm run up -- --wait", "npm run ssh -- --stack office a"],
    ["./ha-rancher", "./ha-rancher up", "./ha-rancher up --wait", "./ha-rancher ssh --stack office a"],
  ] as const) {
    if (as) process.env[variable] = as;
    assert.equal(callOf("up"), plain);
    assert.equal(callOf("up", "--wait"), worded);
    assert.equal(callOn("dev", "up", "--wait"), worded);
    assert.equal(callOn("office", "ssh", "a"), office);
  }
});

test("calls in a text are those of a stack, and those of a node's programs as they are typed here", () => {
  const ofNode = "kept out: `npm run up` ends it, or `npm run ban -- a 'x y'`; `journalctl -u x`";
  assert.equal(asCalled(ofNode), ofNode);
  process.env[variable] = "/opt/x.y/ha-rancher";
  const own = "/opt/x.y/ha-rancher";
  const here = `kept out: \`${own} up\` ends it, or \`${own} ban a 'x y'\`; \`journalctl -u x\``;
  assert.equal(asCalled(ofNode), here);
  assert.equal(lastLines(ofNode), here, "what a script on a node printed");
  assert.equal(
    forStack(here, "office"),
    `kept out: \`${own} up --stack office\` ends it, or \`${own} ban --stack office a 'x y'\`; \`journalctl -u x\``,
  );
  assert.equal(forStack(`\`${own} up --stack x\``, "office"), `\`${own} up --stack x\``);
});

test("a report has no call of the other kind: neither in its own words nor in an agent's", () => {
  process.env[variable] = "./ha-rancher";
  const fault = "kept out of service by an upgrade that has not come to its end: `npm run up` ends it";
  const { agent } = waiting;
  const nodes = [
    node("a", { ...serving, health: { failures: 2 }, keepalived: { edited: true } }),
    node("b", { ...waiting, vrrpState: "FAULT", agent: { ...agent, state: "stopped", fault } }),
    node("c", { ...waiting, orders: { banned: "x", prefer: "a" }, configuration: "`npm run up`" }),
    node("d", { ...waiting, vrrpState: "FAULT", agent: { ...agent, fault } }),
  ];
  const report = reportOf("office", { vip: "v", url: "u" }, { nodes, ping: yes });
  const text = JSON.stringify(report);
  assert.doesNotMatch(text, /npm run/);
  assert.match(text, /`\.\/ha-rancher failures --stack office --clear`/);
  assert.deepEqual(
    report.standings.flatMap((each) => (each.as === "none" ? each.mend : [])),
    [
      "./ha-rancher up --stack office",
      "./ha-rancher allow --stack office c",
      "./ha-rancher up --stack office",
    ],
  );
});

test("whoever called the program is remembered by what it starts", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "called-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const program = join(packageRoot, "ha-rancher");
  const script = join(packageRoot, "cli", "bootstrap.mjs");
  symlinkSync(program, join(folder, "ha-rancher"));
  symlinkSync(program, join(folder, "a b"));
  const onPath = { PATH: `${folder}${delimiter}${process.env.PATH}` };
  const byNpm = { npm_lifecycle_event: "status" };
  for (const [what, argv, env, cwd, as] of [
    ["by npm", [script], byNpm, packageRoot, "npm run up -- --stack nowhere"],
    ["by node", [script], {}, packageRoot, "npm run up -- --stack nowhere"],
    [
      "by one that npm started",
      [script],
      { npm_lifecycle_event: "up" },
      packageRoot,
      "npm run up -- --stack nowhere",
    ],
    ["by one that was called", [script], { [variable]: "../x" }, packageRoot, "../x up --stack nowhere"],
    [
      "by npm, in a shell of one that was called",
      [script],
      { ...byNpm, [variable]: "../x" },
      packageRoot,
      "npm run up",
    ],
    ["here", [program], {}, packageRoot, "./ha-rancher up --stack nowhere"],
    ["here, in npm's shell", [program], { npm_lifecycle_event: "shell" }, packageRoot, "./ha-rancher up"],
    ["from below", [program], {}, join(packageRoot, "cli"), "../ha-rancher up --stack nowhere"],
    ["on PATH", [join(folder, "ha-rancher")], onPath, tmpdir(), "ha-rancher up --stack nowhere"],
    ["with a name that a shell reads otherwise", [join(folder, "a b")], {}, folder, "./ha-rancher up"],
  ] as const) {
    const { [variable]: _, npm_lifecycle_event: _event, ...rest } = process.env;
    const { stdout } = spawnSync(process.execPath, [...argv, "status", "--stack", "nowhere"], {
      ...{ cwd, encoding: "utf8", env: { ...rest, ...env } },
    });
    assert.ok(stdout.includes(`\`${as}`), `${what}: ${stdout}`);
  }
});

/** Files that name a call by hand, and why. */
const byHand: Readonly<Record<string, string>> = {
  "local/called.ts": "the one place",
  "cli/npm-options.ts": "what npm took for itself is told to who called npm",
  "cli/main.ts": "says that there are npm scripts, too",
  "cli/commands/completion.ts": "npm prints lines of its own, which no shell may read",
  "cli/actions/new-stack-file.ts": "a stack's file, for whoever reads it",
  "settings/json-schema.ts": "a file of this package",
};

/** The texts of a program, without comments and what is between a template's texts. */
function textsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const look = (each: ts.Node): void => {
    if (ts.isStringLiteralLike(each) || ts.isTemplateHead(each) || ts.isTemplateMiddleOrTemplateTail(each))
      found.push(each.text);
    ts.forEachChild(each, look);
  };
  look(source);
  return found;
}

test("no text names a call by hand", () => {
  const scripts = Object.keys(JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")).scripts);
  const call = new RegExp(`npm run\\b|npm test\\b|ha-rancher (completion|${scripts.join("|")})\\b`);
  const rooms = ["cli", "components", "domain", "drill", "lab", "local", "policy", "providers", "settings"];
  const files = [...rooms, "stack", "workloads"].flatMap((room) =>
    readdirSync(join(packageRoot, room), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${room}/${name}`),
  );
  assert.ok(files.length > 300, `${files.length}`);
  const found = [...files, "index.ts"].filter((file) =>
    textsOf(join(packageRoot, file)).some((text) => call.test(text)),
  );
  assert.deepEqual(found.sort(), Object.keys(byHand).sort());
});
