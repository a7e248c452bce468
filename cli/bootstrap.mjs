#!/usr/bin/env node
// Entry of all npm scripts and of the `ha-rancher` command. Plain JavaScript without dependencies: it works in a
// fresh clone. Installs the dependencies and compiles the program where needed, then runs it in this process.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const require = createRequire(import.meta.url);
const { sources, staleness, invalidate, confirm } = require("../local/freshness.cjs");

// Everything said here goes to stderr: stdout belongs to the command, which may print JSON.
const say = (line) => process.stderr.write(`${line}\n`);

function fail(message) {
  throw new Error(message);
}

const seconds = (start) => `${((Date.now() - start) / 1000).toFixed(1)} s`;
const fileTime = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function checkNode() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < 20)
    fail(`Node.js 20 or newer is needed, this is ${process.versions.node} (https://nodejs.org/)`);
}

// --- one at a time ---------------------------------------------------------------------------------------------

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "ha-rancher");
const lockFile = join(
  cache,
  `bootstrap-${createHash("sha256").update(root).digest("hex").slice(0, 16)}.lock`,
);

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** The process that has the lock, 0 if that is not known; undefined if we have it now. */
function tryLock() {
  mkdirSync(cache, { recursive: true });
  try {
    writeFileSync(lockFile, String(process.pid), { flag: "wx" });
    return undefined;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  let text;
  try {
    text = readFileSync(lockFile, "utf8");
  } catch {
    return 0; // Released just now.
  }
  // An empty file is one that is being written, unless it stays so.
  const abandoned = text ? !isAlive(Number(text)) : Date.now() - fileTime(lockFile) > 5_000;
  if (abandoned) takeAway(text);
  return Number(text);
}

/** Removes an abandoned lock, but not the one that somebody else has put in its place meanwhile. */
function takeAway(text) {
  const aside = `${lockFile}.${process.pid}`;
  try {
    renameSync(lockFile, aside);
    if (readFileSync(aside, "utf8") !== text) linkSync(aside, lockFile);
  } catch {
    // Others are doing the same: look again.
  }
  rmSync(aside, { force: true });
}

/** Runs an action while no other bootstrap of this folder does; a holder that was killed does not count. */
function locked(action) {
  let told = false;
  for (let holder = tryLock(); holder !== undefined; holder = tryLock()) {
    if (holder > 0 && !told) say(`waiting: process ${holder} is installing or compiling`);
    told ||= holder > 0;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  try {
    action();
  } finally {
    rmSync(lockFile, { force: true });
  }
}

// --- dependencies ----------------------------------------------------------------------------------------------

const wantedLock = join(root, "package-lock.json");
const installedLock = join(root, "node_modules", ".package-lock.json");
const installedStamp = join(root, "node_modules", ".ha-rancher-lock");
const lockHash = () => createHash("sha256").update(readFileSync(wantedLock)).digest("hex");

/** Whether `npm ci` is due: nothing installed, or the lock file is newer and another than the installed one. */
function dependenciesMissing() {
  if (!existsSync(wantedLock)) return false; // Installed as a package: npm has done it.
  const installed = fileTime(installedLock);
  if (installed === 0) return true;
  if (installed >= fileTime(wantedLock)) return false;
  try {
    return readFileSync(installedStamp, "utf8") !== lockHash();
  } catch {
    return true;
  }
}

function installDependencies() {
  say("installing dependencies (npm ci)");
  const start = Date.now();
  const npm = process.env.npm_execpath;
  // npm's own path if npm started us, so that it need not be on PATH.
  const [command, ...before] = npm && basename(npm) === "npm-cli.js" ? [process.execPath, npm] : ["npm"];
  const options = ["ci", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"];
  const result = spawnSync(command, [...before, ...options], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (result.error?.code === "ENOENT") {
    fail(
      "`npm` is not on PATH, and the dependencies are not installed: install npm, then run the same again",
    );
  }
  if (result.signal || result.error) fail(`npm ci was ended (${result.signal ?? result.error.message})`);
  if (result.status !== 0) {
    fail(
      "npm ci failed, see above. Check the network and `npm config get registry`, then run the same again" +
        " (or run `npm ci` in this folder yourself).",
    );
  }
  writeFileSync(installedStamp, lockHash());
  say(`dependencies are installed (${seconds(start)})`);
}

// --- the program -----------------------------------------------------------------------------------------------

/** What the compiler makes of a source. */
const compiled = /\.(js(\.map)?|d\.ts)$/;

/** Removes what was compiled from sources that are gone: tests among them would still run, and `npm pack` would take it. */
function removeOrphans(built) {
  const dist = join(root, "dist");
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const file = join(folder, entry.name);
      if (entry.isDirectory()) walk(file);
      else if (compiled.test(entry.name)) {
        const source = relative(dist, file).replace(compiled, ".ts");
        if (built[source] === undefined) rmSync(file);
      }
    }
  };
  walk(dist);
}

function compile(why) {
  say(`compiling (${why})`);
  const start = Date.now();
  const before = sources(root);
  invalidate(root);
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", root], { cwd: root, stdio: ["ignore", 2, 2] });
  if (result.signal || result.error)
    fail(`the compiler was ended (${result.signal ?? result.error.message})`);
  if (result.status !== 0) fail("the program does not compile: see the errors above");
  removeOrphans(before);
  confirm(root, before);
  say(`compiled (${seconds(start)})`);
}

function prepare() {
  checkNode();
  if (dependenciesMissing()) locked(() => dependenciesMissing() && installDependencies());
  if (staleness(root)) {
    locked(() => {
      const why = staleness(root);
      if (why) compile(why);
    });
  }
}

/**
 * How a person calls this program, for texts that name its commands (local/called.ts). A process that neither npm nor a person
 * has started, such as the `status` of an `up`, says what that one would.
 */
function calledAs(command) {
  const program = process.argv[1] ?? "";
  if (basename(program) === "bootstrap.mjs")
    return process.env.npm_lifecycle_event === command ? "npm run" : process.env.HA_RANCHER_CALLED_AS;
  if ((process.env.PATH ?? "").split(delimiter).includes(dirname(program))) return basename(program);
  const path = relative(process.cwd(), program);
  // Whatever a shell would read otherwise is not repeated.
  return /^[\w.-]+$/.test(path) ? `./${path}` : /^[\w./-]+$/.test(path) ? path : "./ha-rancher";
}

try {
  const [command] = process.argv.slice(2);
  process.env.HA_RANCHER_CALLED_AS = calledAs(command) || "npm run";
  const program = join(root, "dist", "cli", "main.js");
  // A shell that completes a line waits for it: what was compiled last will do.
  if (command !== "__complete") prepare();
  else if (!existsSync(program)) process.exit(0);
  if (!existsSync(program))
    fail(`${program} is missing: the installation is broken, install the package again`);
  require("../local/toolchain/launchers/late-modules.cjs");
  // `build` ends here: what it asks for is done.
  if (command !== "build") await require(program).main(process.argv.slice(2));
} catch (error) {
  say(`ha-rancher: ${error.message}`);
  process.exitCode = 1;
}
