import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../local/root";
import { memoryFolder } from "./memory";

/** A lease process, asked as the guard asks it. */
class Lease {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly answers: AsyncIterator<string>;

  /** @param programs a folder whose programs come before the system's */
  constructor(directory: string, node: string, claimTime = 0, programs?: string) {
    const PATH = [programs, process.env.PATH].filter(Boolean).join(":");
    const options = { detached: true, env: { ...process.env, PATH } } as const;
    this.child = spawn(
      join(packageRoot, "node", "guard", "lease"),
      [directory, node, String(claimTime)],
      options,
    );
    this.child.stdin.on("error", () => undefined);
    this.answers = createInterface(this.child.stdout)[Symbol.asyncIterator]();
  }

  async ask(request: string): Promise<string | undefined> {
    this.child.stdin.write(`${request}\n`);
    return (await this.answers.next()).value;
  }

  /** What the process has open. */
  get openFiles(): string[] {
    const folder = `/proc/${this.child.pid}/fd`;
    return readdirSync(folder).map((name) => readlinkSync(join(folder, name)));
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    process.kill(-(this.child.pid ?? 0), "SIGKILL");
    await ended;
  }
}

describe("the lease process", () => {
  let directory: string;
  let a: Lease;
  let b: Lease;
  beforeEach(() => {
    directory = memoryFolder("guard-lease");
    a = new Lease(directory, "a");
    b = new Lease(directory, "b");
  });
  afterEach(async () => {
    await a.kill();
    await b.kill();
    rmSync(directory, { recursive: true });
  });

  it("gives the lease to one, until that one ends", async () => {
    assert.equal(await a.ask("look"), "seen 0 -");
    assert.equal(await a.ask("lock"), "locked 0 -");
    assert.equal(await b.ask("lock"), "busy 0 -");
    assert.equal(await a.ask("take 1"), "written 1");
    assert.equal(await b.ask("lock"), "busy 1 1 0 a starting");
    assert.equal(await a.ask("write 1 1 active"), "written 1");
    assert.equal(await b.ask("look"), "seen 1 1 1 a active");
    await a.kill();
    // The kernel lets go of the lock when the last child with the file has ended.
    let answer: string | undefined;
    for (let i = 0; i < 50 && !answer?.startsWith("locked"); i++) {
      await sleep(20);
      answer = await b.ask("lock");
    }
    assert.equal(answer, "locked 1 1 1 a active");
    assert.equal(await b.ask("take 2"), "written 2");
    assert.equal(readFileSync(join(directory, "epoch"), "utf8"), "2\n");
  });

  it("keeps the file short, and the last record in it", async () => {
    await a.ask("lock");
    await a.ask("take 1");
    for (let i = 1; i <= 70; i++) assert.equal(await a.ask(`write 1 ${i} active`), "written 1");
    assert.ok(statSync(join(directory, "lease")).size < 64 * 16);
    assert.equal(await b.ask("look"), "seen 1 1 70 a active");
  });

  it("goes on while a server that was just started does not let it empty the file, and empties it later", async () => {
    const programs = join(directory, "programs");
    const truncate = join(programs, "truncate");
    mkdirSync(programs);
    writeFileSync(truncate, "#!/bin/sh\nexec sleep 60\n", { mode: 0o755 });
    const c = new Lease(directory, "c", 0, programs);
    try {
      await c.ask("lock");
      await c.ask("take 1");
      for (let i = 1; i <= 62; i++) assert.equal(await c.ask(`write 1 ${i} active`), "written 1");
      const begin = performance.now();
      assert.equal(await c.ask("write 1 63 active"), "written 1");
      const took = performance.now() - begin;
      assert.ok(took > 900 && took < 5000, `${took} ms`);
      assert.equal(await b.ask("look"), "seen 1 1 63 c active");
      assert.ok(statSync(join(directory, "lease")).size > 64 * 13);
      rmSync(truncate);
      assert.equal(await c.ask("write 1 64 active"), "written 1");
      assert.equal(readFileSync(join(directory, "lease"), "utf8"), "1 64 c active\n");
    } finally {
      await c.kill();
    }
  });

  it("sees at the next heartbeat that somebody changed the epoch, however like the old file the new one is", async () => {
    const epoch = join(directory, "epoch");
    await a.ask("lock");
    assert.equal(await a.ask("take 1"), "written 1");
    const { atime, mtime } = statSync(epoch);
    writeFileSync(epoch, "2\n");
    utimesSync(epoch, atime, mtime);
    assert.equal(await a.ask("write 1 1 active"), "written 2");
    writeFileSync(`${epoch}.new`, "3\n");
    renameSync(`${epoch}.new`, epoch);
    assert.equal(await a.ask("write 1 2 active"), "written 3");
    rmSync(epoch);
    assert.equal(await a.ask("write 1 3 active"), "written 0");
  });

  it("does not open the epoch for a heartbeat: a server that was just started would make it wait", async () => {
    const epoch = join(directory, "epoch");
    const lastRead = (): number => statSync(epoch).atimeMs;
    await a.ask("lock");
    await a.ask("take 1");
    // Where it looks younger than the time of its last reading, each reading is noted.
    utimesSync(epoch, new Date(0), new Date(Date.now() + 3_600_000));
    assert.equal(await a.ask("write 1 1 active"), "written 1");
    const first = lastRead();
    assert.ok(first > 0, "this file system notes no reading");
    await sleep(50);
    assert.equal(await a.ask("write 1 2 active"), "written 1");
    assert.equal(lastRead(), first);
  });

  it("takes what is not a whole record for none", async () => {
    for (const text of ["1 2 a acti", "1 2 a active\n3", "1 2 a walking\n", "x 2 a active\n", "\n"]) {
      writeFileSync(join(directory, "lease"), "");
      appendFileSync(join(directory, "lease"), text);
      assert.equal(await a.ask("look"), "seen 0 -", text);
    }
  });

  it("has the file open for writing only with the lease: else the NFS client shows old content of it", async () => {
    const writable = (lease: Lease): boolean => lease.openFiles.includes(join(directory, "lease"));
    await b.ask("look");
    assert.equal(writable(b), false);
    await a.ask("lock");
    assert.equal(await b.ask("lock"), "busy 0 -");
    assert.equal(writable(a), true);
    assert.equal(writable(b), false);
  });

  it("says what fails", async () => {
    for (const text of ["", "x\n", "-1\n", "07\n", "1234567890123456789\n"]) {
      writeFileSync(join(directory, "epoch"), text);
      assert.match((await a.ask("look")) ?? "", /^failed the epoch in .* cannot be read$/, text);
    }
    assert.equal(await a.ask("dance"), "failed unknown request: dance");
    const nowhere = new Lease(join(directory, "nowhere"), "a");
    assert.match((await nowhere.ask("look")) ?? "", /^failed .*nowhere\/lease cannot be opened$/);
    await nowhere.kill();
  });
});

describe("the lease process without locks", () => {
  /** Milliseconds that a claim must stand: more than one look takes on a busy machine. */
  const claimTime = 1500;
  let directory: string;
  const processes: Lease[] = [];
  const start = (node: string): Lease => {
    const lease = new Lease(directory, node, claimTime);
    processes.push(lease);
    return lease;
  };
  /** Asks for the lock until it is there; gives the milliseconds that took, and the answers before. */
  const locks = async (lease: Lease): Promise<{ took: number; answer: string }> => {
    const begin = performance.now();
    for (;;) {
      const answer = (await lease.ask("lock")) ?? "";
      const took = performance.now() - begin;
      if (answer.startsWith("locked")) return { took, answer };
      assert.match(answer, /^busy /);
      assert.ok(took < 20 * claimTime, "it never gets the lease");
      await sleep(50);
    }
  };
  beforeEach(() => {
    directory = memoryFolder("guard-claim");
  });
  afterEach(async () => {
    for (const lease of processes.splice(0)) await lease.kill();
    rmSync(directory, { recursive: true });
  });

  it("gives the lease to the one whose claim stands, and to nobody else", async () => {
    const [a, b] = [start("a"), start("b")];
    const begin = performance.now();
    assert.equal(await a.ask("lock"), "busy 0 -");
    assert.equal(await b.ask("lock"), "busy 0 -");
    await locks(a);
    const took = performance.now() - begin;
    assert.ok(took > claimTime, `after ${took} ms`);
    assert.equal(await a.ask("take 1"), "written 1");
    // With heartbeats it keeps it.
    for (let i = 1; i <= 6; i++) {
      assert.equal(await a.ask(`write 1 ${i} active`), "written 1");
      assert.match((await b.ask("lock")) ?? "", /^busy 1 1 \d+ a /);
      await sleep(claimTime / 4);
    }
  });

  it("gives it to another when the owner has been silent, and its claim has stood", async () => {
    const [a, b] = [start("a"), start("b")];
    await locks(a);
    await a.ask("take 1");
    await b.ask("lock");
    await a.kill();
    assert.ok(!b.openFiles.includes(join(directory, "lease")), "before it has the lease");
    const { took, answer } = await locks(b);
    assert.ok(took > 2 * claimTime - 200, `after ${took} ms`);
    assert.equal(answer, "locked 1 1 0 a starting");
    assert.equal(await b.ask("take 2"), "written 2");
  });

  it("need not wait for silence once the lease is released", async () => {
    const [a, b] = [start("a"), start("b")];
    await locks(a);
    await a.ask("take 1");
    assert.equal(await a.ask("write 1 1 released"), "written 1");
    assert.equal(await b.ask("lock"), "busy 1 1 1 a released");
    assert.match(readFileSync(join(directory, "claim"), "utf8"), /^b /);
    // Nor does anybody take the claim away from whoever came first.
    assert.equal(await a.ask("lock"), "busy 1 1 1 a released");
    assert.match(readFileSync(join(directory, "claim"), "utf8"), /^b /);
    assert.equal((await locks(b)).answer, "locked 1 1 1 a released");
  });

  it("is lost with another's claim, at the next record", async () => {
    const a = start("a");
    await locks(a);
    await a.ask("take 1");
    writeFileSync(join(directory, "claim"), "b 1234\n");
    assert.equal(await a.ask("write 1 1 active"), "failed b claims the lease");
  });
});
