import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for a test, removed by `remove`. */
export function scratch(): { path: (name: string) => string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), "ha-rancher-nfs-"));
  return {
    path: (name) => join(directory, name),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export function program(file: string, text: string): void {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

/*
 * A ganesha.nfsd as far as the provider meets it: reads its exports on SIGHUP, and logs as ganesha 4.3 does,
 * complaints after "Reread exports complete". `served` holds what it serves.
 */
const fakeGanesha = `
const { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const [, , index, served] = process.argv.slice(1);
const log = process.argv[process.argv.indexOf("-L") + 1];
const say = (level, text) => appendFileSync(log, "22/11/2026 14:10:27 : epoch 1 : vm : nfs-ganesha-1[sigmgr] f :CONFIG :" + level + " :" + text + "\\n");
function read() {
  const text = existsSync(index) ? readFileSync(index, "utf8") : "";
  const files = [...text.matchAll(/^%include "(.*)"$/gm)].map(([, file]) => file);
  if (files.some((file) => !existsSync(file))) return say("CRIT", "Error while parsing new configuration file");
  const good = [];
  const bad = [];
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    const path = JSON.parse(/Path = (".*");/.exec(text)?.[1] ?? '""');
    (existsSync(path) ? good : bad).push([file, text]);
  }
  writeFileSync(served + ".new", good.map(([, text]) => text).join(""));
  renameSync(served + ".new", served);
  say("EVENT", "Reread exports complete");
  for (const [file] of bad) say("CRIT", "Config File (" + file + ":2): Errors processing block (EXPORT)");
}
process.on("SIGHUP", () => {
  say("EVENT", "SIGHUP_HANDLER: Received SIGHUP.... initiating export list reload");
  read();
});
say("EVENT", "NFS SERVER INITIALIZED");
setInterval(() => {}, 1000);
process.stdout.write("ready");
`;

/** A running {@link fakeGanesha} with its files below a folder. */
export class FakeGanesha {
  readonly exportsDirectory: string;
  readonly exportsIndex: string;
  readonly pidFile: string;
  private readonly served: string;
  private readonly log: string;
  private readonly program: string;
  private child: ChildProcess | undefined;

  constructor(path: (name: string) => string) {
    this.exportsDirectory = path("exports");
    this.exportsIndex = path("exports.conf");
    this.pidFile = path("ganesha.pid");
    this.served = path("served");
    this.log = path("ganesha.log");
    this.program = path("ganesha.nfsd");
    writeFileSync(this.program, fakeGanesha);
    writeFileSync(this.served, "");
  }

  get location(): { kind: "ganesha"; exportsDirectory: string; exportsIndex: string; pidFile: string } {
    const { exportsDirectory, exportsIndex, pidFile } = this;
    return { kind: "ganesha", exportsDirectory, exportsIndex, pidFile };
  }

  async start(): Promise<this> {
    const args = [this.program, "serve", this.exportsIndex, this.served, "-L", this.log];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout?.once("data", resolve));
    writeFileSync(this.pidFile, `${child.pid}\n`);
    this.child = child;
    return this;
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill();
    await ended;
  }

  /** The pseudo paths that it serves. */
  serves(): string[] {
    return [...readFileSync(this.served, "utf8").matchAll(/Pseudo = "(.*)";/g)].map(([, path]) => path ?? "");
  }

  /** How often it read its exports. */
  reloads(): number {
    return existsSync(this.log) ? readFileSync(this.log, "utf8").split("Received SIGHUP").length - 1 : 0;
  }
}
