import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sshArguments } from "../../cli/actions/ssh";
import { programOf } from "../../cli/main";
import { refuseTakenOptions } from "../../cli/npm-options";
import { givenCommandLine } from "../../cli/on-nodes";
import { Failure } from "../../local/errors";
import { packageRoot } from "../../local/root";
import { lossesOf } from "../../stack/losses";
import { keys, Session } from "../terminal/session";
import { put, temporaryFolder } from "./cli-support";

const judge = (argv: string[], environment: NodeJS.ProcessEnv): string => {
  try {
    refuseTakenOptions(programOf(givenCommandLine(argv)), argv, {
      npm_lifecycle_event: argv[0],
      ...environment,
    });
    return "";
  } catch (error) {
    assert.ok(error instanceof Failure && error.exitCode === 2, String(error));
    return error.message;
  }
};

test("options that npm took are seen, with the right form", () => {
  assert.match(judge(["down"], { npm_config_stack: "nope" }), /`npm run down -- --stack=nope`$/);
  assert.match(judge(["down", "nope"], { npm_config_stack: "true" }), /`npm run down -- --stack nope`$/);
  assert.match(judge(["down"], { npm_config_purge_data: "true" }), /`npm run down -- --purge-data`$/);
  assert.match(judge(["status"], { npm_config_json: "true" }), /`npm run status -- --json`$/);
  assert.match(judge(["down"], { npm_config_yes: "true" }), /`npm run down -- --yes`$/);
  assert.match(
    judge(["new-stack", "x"], { npm_config_node: "a=10.0.0.1\n\nb=10.0.0.2" }),
    /`npm run new-stack -- --node=a=10.0.0.1 --node=b=10.0.0.2 x`$/,
  );
});

test("what npm has for itself, or another command, is not taken for an option of ours", () => {
  assert.equal(judge(["down", "--yes"], { npm_config_yes: "true" }), "", "said to both");
  assert.equal(judge(["status"], { npm_config_json: "" }), "");
  assert.equal(judge(["status"], { npm_config_yes: "true" }), "", "no option of that command");
  assert.equal(judge(["status"], { npm_config_cache: "/x", npm_config_loglevel: "silent" }), "");
  assert.equal(
    judge(["status"], { npm_config_stack: "x", npm_lifecycle_event: undefined }),
    "",
    "not by npm",
  );
});

/** A package whose scripts call this program, as npm calls it. */
function callByNpm(folder: string, ...words: string[]): { status: number | null; stderr: string } {
  const main = join(packageRoot, "dist", "cli", "main.js");
  const program = put(
    join(folder, "program.js"),
    `require(${JSON.stringify(main)}).main(process.argv.slice(2))`,
  );
  const scripts = { down: `node ${program} down`, status: `node ${program} status` };
  put(join(folder, "package.json"), JSON.stringify({ name: "x", version: "1.0.0", scripts }));
  const clean = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const environment = { ...Object.fromEntries(clean), HOME: folder, XDG_DATA_HOME: join(folder, "data") };
  return spawnSync("npm", ["run", ...words], { cwd: folder, env: environment, encoding: "utf8" });
}

test("npm itself: an option without ` -- ` does not reach another stack", (t) => {
  const folder = temporaryFolder(t);
  for (const words of [
    ["down", "--stack=nope"],
    ["down", "--stack", "nope"],
    ["status", "--json"],
  ]) {
    const { status, stderr } = callByNpm(folder, ...words);
    assert.equal(status, 2, `${words.join(" ")}: ${stderr}`);
    assert.match(stderr, new RegExp(`npm took .*\`npm run ${words[0]} -- ${words.slice(1).join(" ")}\``));
  }
  const through = callByNpm(folder, "down", "--", "--stack", "a/b");
  assert.match(through.stderr, /`--stack` must be a name of letters/);
});

const urn = (type: string, name: string): string => `urn:pulumi:dev::ha-rancher::${type}::${name}`;
const machine = "pulumi-nodejs:dynamic/vagrant:Machine";
const host = "pulumi-nodejs:dynamic/host:Host";
const nfsExport = "pulumi-nodejs:dynamic/nfs:Export";

test("what a removal takes away is named", () => {
  const resources = [
    { urn: urn(machine, "a"), type: machine, inputs: { networks: [{ address: "10.0.0.1/24" }] } },
    { urn: urn(host, "b"), type: host, inputs: { address: "10.0.0.2" } },
    { urn: urn(nfsExport, "export"), type: nfsExport, inputs: { directory: "/srv/x", removeData: false } },
    { urn: urn("pulumi:pulumi:Stack", "dev"), type: "pulumi:pulumi:Stack" },
  ];
  assert.deepEqual(lossesOf(resources, false), [
    "the machine a (10.0.0.1) with its disks",
    "what was put on the host b (10.0.0.2); the host itself stays",
    "the export of /srv/x; the data in it stays",
  ]);
  assert.equal(lossesOf(resources, true)[2], "the shared data in /srv/x");
});

/** How to call `down` for a stack with one machine, which nobody must remove: it is not there. */
function downOf(folder: string): { argv: string[]; env: NodeJS.ProcessEnv; state: string } {
  const resources = [{ urn: urn(machine, "a"), type: machine, inputs: { name: "a", directory: "/x/a" } }];
  const state = put(
    join(folder, "backend", ".pulumi", "stacks", "ha-rancher", "gone.json"),
    JSON.stringify({ version: 3, checkpoint: { latest: { resources } } }),
  );
  const main = JSON.stringify(join(packageRoot, "dist", "cli", "main.js"));
  const env = {
    ...process.env,
    HOME: folder,
    XDG_DATA_HOME: join(folder, "data"),
    XDG_CACHE_HOME: join(folder, "cache"),
    PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
  };
  return {
    argv: [process.execPath, "-e", `require(${main}).main(["down", "--stack", "gone"])`],
    env,
    state,
  };
}

test("`down` without a terminal removes nothing, and says what it would", (t) => {
  const { argv, env, state } = downOf(temporaryFolder(t));
  const [program = "", ...args] = argv;
  const { status, stderr } = spawnSync(program, args, {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  assert.equal(status, 2, stderr);
  assert.match(stderr, /nothing was done, since there is no terminal to ask on/);
  assert.match(stderr, /\n {2}the machine a with its disks\n`npm run down -- --stack gone --yes`/);
  assert.match(readFileSync(state, "utf8"), /dynamic\/vagrant:Machine/);
});

test("at a terminal `down` asks; no is the default, and Ctrl-C is no answer", async (t) => {
  const { argv, env, state } = downOf(temporaryFolder(t));
  for (const [key, code, says] of [
    [keys.enter, 1, /ha-rancher: nothing was done/],
    [keys.interrupt, 130, /ha-rancher: stopped; nothing was written/],
  ] as const) {
    const session = new Session(argv, { env });
    await session.until(/Remove all this\?[\s\S]*no[\s\S]*yes/);
    session.type(key);
    const ended = await session.end();
    assert.equal(ended.code, code, ended.text);
    assert.match(ended.text, says);
    assert.match(ended.text, /The stack gone would be removed:\s+the machine a with its disks/);
  }
  assert.match(readFileSync(state, "utf8"), /dynamic\/vagrant:Machine/);
});

test("an SSH session is one with the pinned host key, whatever the user's configuration says", () => {
  const node = {
    ...{ name: "a", address: "10.0.0.1", host: "10.9.9.9", user: "vagrant", port: 2222 },
    ...{ keyFile: "/m/id", knownHostsFile: "/m 100%/known_hosts", hostKey: "ssh-ed25519 AAAA" },
  };
  const words = sshArguments(node, ["ls", "-l"]);
  assert.deepEqual(words.slice(0, 4), ["-F", "/dev/null", "-i", "/m/id"]);
  assert.deepEqual(words.slice(-4), ["vagrant@10.9.9.9", "--", "ls", "-l"]);
  for (const option of ["StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "IdentitiesOnly=yes"])
    assert.ok(words.includes(option), option);
  // As OpenSSH itself reads them.
  const shown = spawnSync("ssh", ["-G", ...words], { encoding: "utf8" });
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /^userknownhostsfile "?\/m 100%\/known_hosts"?$/m);
  assert.match(shown.stdout, /^hostname 10\.9\.9\.9$/m);
  assert.equal(sshArguments(node, []).at(-1), "vagrant@10.9.9.9");
});
