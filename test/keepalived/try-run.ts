import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { PageModel } from "../../cli/page/model";
import type { Button, Buttons, Outcome } from "../../cli/page/orders";
import { marked } from "../../local/marked";
import { packageRoot } from "../../local/root";

/* `npm run try`, started as a user does it, and looked at as a browser does. */

export type State = PageModel & { buttons: Buttons };

/** In the environment of all that it starts. */
const mark = "HA_RANCHER_TRY_TEST";

/** Where a node has things of ours: a machine on which nodes are tried has none of them. */
const nodeFolders = ["/run", "/var/lib", "/var/cache", "/etc"].map((each) => `${each}/ha-rancher`);

/** What of a node is on this machine itself. */
const onMachine = (): string[] => nodeFolders.filter((folder) => existsSync(folder));

/** Such as `net:[4026531840]`; undefined if the process is gone. */
function namespaceOf(pid: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** Waits for something. */
export async function until(what: string, isSo: () => boolean, limit = 20_000): Promise<void> {
  const end = performance.now() + limit;
  while (!isSo()) {
    assert.ok(performance.now() < end, `waited in vain for ${what}`);
    await sleep(20);
  }
}

export class TryRun {
  /** All that it has printed. */
  said = "";
  url = "";
  service = "";
  /** What the page was told last. */
  state: State | undefined;
  private readonly id = randomUUID();
  /** Where it and all that it starts would put temporary files. */
  private readonly folder = mkdtempSync(join(tmpdir(), "try-test-"));
  private readonly before = onMachine();
  /** Network namespaces of its processes that are not this one's, as links name them. */
  private readonly namespaces = new Set<string>();
  private readonly child: ChildProcess;
  private events: IncomingMessage | undefined;

  constructor(port: number) {
    this.child = spawn(
      process.execPath,
      [join(packageRoot, "cli", "bootstrap.mjs"), "try", "--no-browser", "--port", String(port)],
      { env: { ...process.env, [mark]: this.id, TMPDIR: this.folder }, stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const output of [this.child.stdout, this.child.stderr])
      output?.setEncoding("utf8").on("data", (text: string) => {
        this.said += text;
      });
  }

  /** Resolves when the page is there. */
  async ready(limit = 60_000): Promise<void> {
    await until("the page", () => /Open it/.test(this.said) || this.child.exitCode !== null, limit);
    const [url] = /http:\/\/127\.0\.0\.1:\d+\/[\w-]{20,}\//.exec(this.said) ?? [];
    const [service] = /http:\/\/127\.0\.0\.1:\d+\/$/m.exec(this.said) ?? [];
    assert.ok(url && service, this.said);
    Object.assign(this, { url, service });
  }

  /** Looks at the page from now on. */
  async look(): Promise<void> {
    this.events = await new Promise<IncomingMessage>((resolve, reject) =>
      get(`${this.url}events`, resolve).on("error", reject),
    );
    this.events.on("error", () => {});
    let event = "";
    createInterface({ input: this.events }).on("line", (line) => {
      if (line.startsWith("event: ")) event = line.slice(7);
      if (line.startsWith("data: ") && event === "state") this.state = JSON.parse(line.slice(6)) as State;
    });
  }

  /** The button of that id, as it is now. */
  button(id: string): Button | undefined {
    const { all, nodes } = this.state?.buttons ?? { all: [], nodes: {} };
    return [...all, ...Object.values(nodes).flat()].find((button) => button.id === id);
  }

  /** Sends an order as the page does it. */
  async order(order: unknown): Promise<{ status: number; outcome?: Outcome }> {
    const { origin } = new URL(this.url);
    const response = await fetch(`${this.url}orders`, {
      ...{ method: "POST", body: JSON.stringify(order) },
      headers: { "content-type": "application/json", origin },
    });
    const text = await response.text();
    return { status: response.status, ...(response.ok ? { outcome: JSON.parse(text) as Outcome } : {}) };
  }

  /** Presses a button, once it says that. */
  async press(id: string, label: string): Promise<Outcome> {
    await until(`the button \`${label}\` (${id})`, () => this.button(id)?.label === label);
    const { outcome } = await this.order(this.button(id)?.order);
    assert.ok(outcome?.ok, JSON.stringify(outcome));
    return outcome;
  }

  /** Waits until one node has the VIP, and the page says so in that way. */
  async holds(name: string, state: string): Promise<void> {
    const found = (): string => `${this.state?.holders.join(" ")}, ${this.state?.state}`;
    await until(`${name} to have the VIP: ${state}`, () => found() === `${name}, ${state}`).catch(
      (error: Error) => {
        throw new Error(`${error.message}; it is ${found()}: ${this.state?.message}`);
      },
    );
  }

  /** Who answers at the VIP. */
  async answers(): Promise<string> {
    const response = await fetch(this.service, { signal: AbortSignal.timeout(3_000) });
    return /<h1>(\S+) answers/.exec(await response.text())?.[1] ?? "nobody";
  }

  /** Sends a signal to the program that a user has started. @returns its exit code */
  async signal(signal: NodeJS.Signals): Promise<number | null> {
    this.events?.destroy();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    return ((await ended) as [number | null])[0];
  }

  /** What runs of it, or with it. */
  get processes(): string[] {
    return marked(mark, this.id).map(({ command }) => command);
  }

  /** Sees to which network namespaces it has. @returns how many there are beside the machine's */
  seeNamespaces(): number {
    const own = namespaceOf("self");
    for (const { pid } of marked(mark, this.id)) {
      const found = namespaceOf(pid);
      if (found !== undefined && found !== own) this.namespaces.add(found);
    }
    return this.namespaces.size;
  }

  /** What is left of it: nothing, soon. What is dying has its namespace for a moment longer than its environment. */
  async left(limit = 10_000): Promise<string[]> {
    const end = performance.now() + limit;
    while (this.leftNow().length > 0 && performance.now() < end) await sleep(50);
    const left = this.leftNow();
    rmSync(this.folder, { recursive: true });
    return left;
  }

  private leftNow(): string[] {
    const others = readdirSync("/proc").flatMap((pid) => (/^\d+$/.test(pid) ? (namespaceOf(pid) ?? []) : []));
    const mounts = readFileSync("/proc/self/mountinfo", "utf8");
    return [
      ...this.processes,
      ...[...this.namespaces].filter((each) => others.includes(each) || mounts.includes(each)),
      ...readdirSync(this.folder),
      ...onMachine().filter((each) => !this.before.includes(each)),
    ];
  }
}
