import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheHome } from "../../local/paths";
import { packageRoot } from "../../local/root";
import { run, tryRun } from "../../local/run";
import { labOfTests } from "../lab/turn";
import { Session } from "../terminal/session";
import { callOf, firstStepsPage, type Seen } from "./first-steps-page";

/** Milliseconds: for what takes seconds on a quiet machine, and for what may have to build everything. */
export const limits = { usual: 5 * 60_000, up: 60 * 60_000 };

/** Somebody with a fresh clone, a terminal, and nothing of this project in their home but its caches. */
export class Newcomer {
  private readonly home = mkdtempSync(join(tmpdir(), "ha-rancher-newcomer-"));
  readonly clone = join(this.home, "ha-rancher");
  /** Whether what is downloaded and built once was there before. */
  readonly wasWarm = existsSync(join(cacheHome(), "artifacts"));
  private readonly seen: { shown: Seen["shown"]; times: string[] } = { shown: {}, times: [] };
  private readonly sessions = new Set<Session>();
  private readonly env: NodeJS.ProcessEnv = {
    // What the npm that runs this test has set is not theirs.
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|INIT_CWD$)/.test(name))),
    npm_config_update_notifier: "false",
    HA_RANCHER_LAB_NAME: labOfTests,
    XDG_DATA_HOME: join(this.home, "data"),
    PULUMI_STACK: undefined,
    DISPLAY: undefined,
    WAYLAND_DISPLAY: undefined,
    BROWSER: undefined,
    // Colours and a terminal's width are the emulator's.
    FORCE_COLOR: undefined,
  };

  /** Clones the project as it is committed. */
  async getClone(): Promise<void> {
    const { stdout } = await run("git", ["clone", "--quiet", packageRoot, this.clone]);
    this.seen.shown.clone = { typed: callOf("clone"), lines: stdout.split("\n") };
  }

  /** A call of the page, with nodes' names in place of their stand-ins. */
  private typed(name: string, nodes: Record<string, string>): string {
    return callOf(name).replace(/\b(NODE|OTHER)/g, (word) => nodes[word] ?? word);
  }

  /** Begins a call at a terminal. */
  begin(name: string, nodes: Record<string, string> = {}): Session {
    const typed = this.typed(name, nodes);
    console.log(`--- $ ${typed}`);
    const session = new Session(typed.split(" "), { cwd: this.clone, env: this.env, rows: 40, columns: 120 });
    this.sessions.add(session);
    void session.ended.then(() => {
      console.log(session.screen.all().join("\n"));
      this.sessions.delete(session);
      this.keep(name, typed, session.screen.all());
    });
    return session;
  }

  /** Keeps what a call shows, for the page. */
  keep(name: string, typed: string, lines: readonly string[]): void {
    this.seen.shown[name] ??= { typed, lines: lines.map((line) => this.asAnywhere(line)) };
  }

  /** What a call has shown so far is not for the page. */
  forget(name: string): void {
    delete this.seen.shown[name];
  }

  /** Without where this run was. */
  private asAnywhere(line: string): string {
    return line
      .replaceAll(join(this.home, "data"), "~/.local/share")
      .replaceAll(this.home, "~")
      .replaceAll(cacheHome(), "~/.cache/ha-rancher");
  }

  /** Makes a call, and returns what it has shown; it must end with the code. */
  async call(
    name: string,
    {
      nodes = {},
      code = 0,
      limit = limits.usual,
    }: { nodes?: Record<string, string>; code?: number; limit?: number } = {},
  ): Promise<string> {
    const ended = await this.begin(name, nodes).end(limit);
    assert.equal(ended.code, code, `\`${callOf(name)}\` ended with ${ended.code}:\n${ended.text}`);
    return ended.text;
  }

  /** A command without a terminal, whose output is for programs. */
  quietly(command: string, ...args: string[]) {
    const words = [join(this.clone, "cli", "bootstrap.mjs"), command, ...args];
    return tryRun(process.execPath, words, { cwd: this.clone, env: this.env, timeout: limits.up });
  }

  /** Waits until the stack is healthy. @returns the node that serves, and one that does not */
  async healthy(limit = limits.usual): Promise<{ NODE: string; OTHER: string }> {
    const end = Date.now() + limit;
    for (;;) {
      const { stdout, stderr } = await this.quietly("status", "--json");
      const { healthy, holders, nodes, message } = JSON.parse(stdout || "{}") as {
        healthy?: boolean;
        holders?: string[];
        nodes?: { name: string }[];
        message?: string;
      };
      const [NODE] = holders ?? [];
      const OTHER = nodes?.find(({ name }) => name !== NODE)?.name;
      if (healthy && NODE !== undefined && OTHER !== undefined) return { NODE, OTHER };
      assert.ok(Date.now() < end, `not healthy in ${limit / 1000} s: ${message ?? stderr}`);
      await sleep(4_000);
    }
  }

  /** Notes what was measured. */
  note(line: string): void {
    console.log(`measured: ${line}`);
    this.seen.times.push(line);
  }

  /** Writes docs/first-steps.md, if that was asked for (UPDATE_DOCS=1). */
  writePage(): void {
    if (process.env.UPDATE_DOCS === "1")
      writeFileSync(join(packageRoot, "docs", "first-steps.md"), firstStepsPage(this.seen));
  }

  /** Keeps pictures where they outlive the test. @returns the folder */
  pictures(): string {
    const folder = process.env.PICTURES ?? join(tmpdir(), "ha-rancher-first-steps");
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Leaves nothing: no terminal, machine, process or file. Tells what there is to know if something failed. */
  async leave(failed: boolean): Promise<void> {
    for (const session of this.sessions) {
      if (failed) console.log(`--- was still there:\n${session.screen.now().join("\n")}`);
      session.close();
    }
    await Promise.all([...this.sessions].map(({ ended }) => ended));
    try {
      if (existsSync(join(this.clone, "cli"))) {
        for (const words of failed ? [["status"], ["logs", "--since", "15m"]] : []) {
          const { stdout, stderr } = await this.quietly(words[0] ?? "", ...words.slice(1));
          console.log(`--- ${words.join(" ")}\n${stdout}${stderr}`);
        }
        // The settings may be those with mistakes.
        cpSync(join(packageRoot, "Pulumi.dev.yaml"), join(this.clone, "Pulumi.dev.yaml"));
        const { code, stdout, stderr } = await this.quietly("down", "--yes", "--wait");
        if (code !== 0) console.log(`--- down ended with ${code}\n${stdout}${stderr}`);
      }
    } finally {
      rmSync(this.home, { recursive: true, force: true });
    }
  }
}
