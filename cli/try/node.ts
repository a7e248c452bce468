import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { linkedProgram } from "../../domain/node-set";
import type { RigNode } from "../../drill/rig/rig-node";
import { passedOn } from "../../local/child-environment";
import { shownError } from "../../local/errors";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import type { JournalEntry } from "../../stack/history/entry";
import { answerLimit } from "../../stack/measure";
import { type NodeReport, parseNodeStatus } from "../../stack/node-report";
import type { JournalStream } from "../history/journal";
import type { SeenNode } from "../page/source";

/** Where the web service answers on its node, and behind the VIP. */
export const servicePort = 80;

/** Debian's: what an agent's unit starts. */
export const python = "/usr/bin/python3";

const file = (name: string): string => join(packageRoot, "cli", "try", name);

/** How keepalived's lines begin where they go to a terminal: `Tue Dec  1 09:11:04 2026: `. */
const stamp = /^\w{3} \w{3} +\d+ [\d:]+ \d{4}: /;

/** A node of `npm run try`: the rig's, with the agent and a web service, which says and shows what a stack's node does. */
export class TryNode implements SeenNode {
  /** Whether its cable is cut. */
  isCut = false;
  private readonly entries: JournalEntry[] = [];
  private readonly readers = new Set<() => void>();
  private server: ChildProcess | undefined;
  private rest = "";
  private vrrp: string | undefined;

  constructor(readonly rig: RigNode) {
    rig.heard = (text) => {
      const lines = (this.rest + text).split("\n");
      this.rest = lines.pop() ?? "";
      for (const line of lines) this.hear(line.replace(stamp, ""));
    };
  }

  get name(): string {
    return this.rig.vrrp.name;
  }

  get address(): string {
    return this.rig.vrrp.address;
  }

  get serves(): boolean {
    return this.server !== undefined;
  }

  /**
   * Starts everything on it.
   *
   * @param configuration agent.json
   */
  start(configuration: string): void {
    const { folder } = this.rig;
    // The node's /run and /usr/local/lib: what is elsewhere is the machine's.
    const paths = { state: "/run/state", systemctl: "/usr/local/lib/systemctl" };
    for (const name of ["run/state", "run/web"]) mkdirSync(join(folder, name));
    copyFileSync(file("systemctl"), join(folder, "lib", "systemctl"));
    const told = { ...(JSON.parse(configuration) as object), paths };
    writeFileSync(join(folder, "etc/ha-rancher/agent.json"), JSON.stringify(told));
    const page = readFileSync(file("service.html"), "utf8").replaceAll("NODE", this.name);
    writeFileSync(join(folder, "run/web/index.html"), page);
    this.serve(true);
    this.rig.start();
    const agent = this.spawn([python, "-I", "-S", "-B", linkedProgram("agent"), "agent"], "pipe");
    if (agent.stderr)
      createInterface({ input: agent.stderr }).on("line", (line) =>
        this.note("agent", line.replace(/^<\d>/, "")),
      );
  }

  /** Starts the web service, or kills it. */
  serve(on: boolean): void {
    if (on === this.serves) return;
    if (!on) this.server?.kill("SIGKILL");
    this.server = on
      ? this.spawn([python, "-m", "http.server", String(servicePort), "--directory", "/run/web"], "ignore")
      : undefined;
    this.changed();
  }

  /** Begins or ends its maintenance. */
  async maintain(on: boolean): Promise<void> {
    await this.run(linkedProgram("keepalived/maintenance"), on ? "on" : "off");
    // What it handed over for is over.
    if (!on) await this.run(linkedProgram("host/agent"), "hand-over", "0");
  }

  /** Whoever looks is to look again. */
  changed(): void {
    for (const changed of this.readers) changed();
  }

  async ask(): Promise<NodeReport> {
    const { name, address } = this;
    // Whoever looks at a stack does so over its network.
    if (this.isCut) return { name, address, error: "no answer: its cable is cut" };
    try {
      const status = parseNodeStatus(await this.run(linkedProgram("host/agent"), "status"));
      // What protects an agent from a busy machine is not to be had here, and not missed.
      if (status.agent) status.agent.degraded = [];
      // In a user's own namespaces keepalived starts no scripts, since its folders are not root's: so nobody is told of its state.
      if (this.vrrp !== undefined && status.vrrpState !== "STOPPED") status.vrrpState = this.vrrp;
      return { name, address, status };
    } catch (error) {
      return { name, address, error: shownError(error) };
    }
  }

  /** All that was said since it was started. */
  journal(_: number, changed: () => void): JournalStream {
    const now = Date.now();
    this.readers.add(changed);
    queueMicrotask(changed);
    let end = (): void => {};
    const ended = new Promise<undefined>((resolve) => {
      end = () => {
        this.readers.delete(changed);
        resolve(undefined);
      };
    });
    // Its clock is ours.
    const readings = [{ asked: now, answered: now, theirs: now }];
    return { journal: { node: this.name, entries: this.entries, readings }, others: new Map(), ended, end };
  }

  private hear(line: string): void {
    const [, state] = /^\(\S+\) Entering (\w+) STATE/.exec(line) ?? [];
    this.vrrp = state ?? this.vrrp;
    this.note("keepalived", line);
  }

  private note(source: string, text: string): void {
    this.entries.push({ time: Date.now(), boot: "", source, bySystemd: false, text });
    this.changed();
  }

  private spawn(argv: string[], errors: "pipe" | "ignore"): ChildProcess {
    return spawn(...this.rig.inside(...argv), {
      env: passedOn(process.env),
      stdio: ["ignore", "ignore", errors],
    });
  }

  /** Runs a program on it, and gives what it printed. @throws Error unless it ends with 0 */
  private async run(...argv: string[]): Promise<string> {
    const [program, args] = this.rig.inside(...argv);
    const env = { ...passedOn(process.env), HA_RANCHER_CACHE: "/run/cache" };
    const { code, stdout, stderr } = await tryRun(program, args, { env, timeout: answerLimit });
    if (code !== 0) throw new Error(stderr.trim().split("\n").at(-1) || `\`${argv[0]}\` ended with ${code}`);
    return stdout;
  }
}
