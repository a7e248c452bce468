import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { clock } from "../../local/clock";
import { longestGap } from "../statistics";

/*
 * Which node answers at the VIP, and when: a client sends a small packet every few milliseconds, and each node answers
 * with its name. Both are processes of their own, since a network namespace is a property of the process.
 */

const port = 7_000;

/** One answer: when it came, and from which node. */
type Reply = [at: number, name: string];

function answer(name: string): void {
  const socket = createSocket("udp4");
  socket.on("message", (_, from) => socket.send(name, from.port, from.address, () => undefined));
  socket.bind(port, () => process.stdout.write("ready\n"));
}

function ask(vip: string, interval: number): void {
  const socket = createSocket("udp4");
  socket.on("message", (text) => {
    process.stdout.write(`${clock()} ${text}\n`);
  });
  // A node that does not answer is no reason to end.
  socket.on("error", () => undefined);
  socket.bind(() => {
    process.stdout.write("ready\n");
    setInterval(() => socket.send("?", port, vip, () => undefined), interval);
  });
}

/** Milliseconds between two packets. */
const probeInterval = 3;

export class Probe {
  readonly replies: Reply[] = [];
  private readonly processes: ChildProcess[];
  private readonly started: Promise<unknown>;

  constructor(client: string, vip: string, nodes: { namespace: string; name: string }[]) {
    const start = (namespace: string, ...args: string[]): ChildProcess =>
      spawn("ip", ["netns", "exec", namespace, process.execPath, __filename, ...args], {
        stdio: ["pipe", "pipe", "inherit"],
      });
    const asking = start(client, "ask", vip, String(probeInterval));
    const answering = nodes.map(({ namespace, name }) => start(namespace, "answer", name));
    this.processes = [asking, ...answering];
    this.started = Promise.all(
      this.processes.map((each) => once(each.stdout as NonNullable<ChildProcess["stdout"]>, "data")),
    );
    createInterface({ input: asking.stdout as NonNullable<ChildProcess["stdout"]> }).on("line", (line) => {
      const [at, name] = line.split(" ");
      if (name) this.replies.push([Number(at), name]);
    });
  }

  async ready(): Promise<void> {
    await this.started;
  }

  /** The node that answered last. */
  get latest(): string | undefined {
    return this.replies.at(-1)?.[1];
  }

  /** Milliseconds from a time to the first answer of another node than `old`; undefined if there was none yet. */
  takeover(since: number, old: string): number | undefined {
    const first = this.replies.find(([at, name]) => at >= since && name !== old);
    return first && first[0] - since;
  }

  /** The longest time without an answer, milliseconds, from a time on. */
  longestGap(since: number): number {
    return longestGap([since, ...this.replies.filter(([at]) => at >= since).map(([at]) => at)]);
  }

  forget(): void {
    this.replies.length = 0;
  }

  end(): void {
    for (const each of this.processes) each.kill("SIGKILL");
  }
}

if (require.main === module) {
  // Ends with its parent.
  process.stdin.resume().on("end", () => process.exit());
  const [, , role, target = "", interval] = process.argv;
  if (role === "ask") ask(target, Number(interval));
  else answer(target);
}
