import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { restartInTurn, type Service, type Standing } from "../../providers/vagrant/restarts";

const limits = { gather: 30, fit: 60, interval: 5 };

/** Machines of one stack; one of them serves, and when it hands over, the first of the others that is fit does. */
class Machines {
  readonly log: string[] = [];
  readonly standing = new Map<string, Standing | undefined>();
  running = 0;
  /** Machines that do not become fit after their restart. */
  readonly unfit = new Set<string>();
  readonly stuck = new Set<string>();

  constructor(names: string[], owner: string) {
    for (const name of names) this.standing.set(name, { serves: name === owner, fit: true });
  }

  private service = (name: string): Service => ({
    look: async () => structuredClone(this.standing.get(name)),
    handOver: async () => {
      if (this.stuck.has(name)) throw new Error("no other node is fit");
      this.log.push(`${name} hands over`);
      this.standing.set(name, { serves: false, fit: false });
      const next = [...this.standing].find(([, each]) => each?.fit);
      if (next) this.standing.set(next[0], { serves: true, fit: true });
    },
    say: () => {},
  });

  async restart(name: string, group = "p/s"): Promise<void> {
    await restartInTurn(
      group,
      name,
      this.service(name),
      async () => {
        assert.equal(++this.running, 1, "two restart at a time");
        assert.equal(this.standing.get(name)?.serves ?? false, false, `${name} serves`);
        this.log.push(`${name} restarts`);
        await sleep(5);
        this.running--;
        if (this.standing.get(name)) this.standing.set(name, { serves: false, fit: !this.unfit.has(name) });
      },
      limits,
    );
  }
}

const all = (machines: Machines, names: string[]) =>
  Promise.allSettled(names.map((name) => machines.restart(name)));

test("machines restart one after the other, and the one that serves hands over and is last", async () => {
  for (const owner of ["a", "b", "c"]) {
    const machines = new Machines(["a", "b", "c"], owner);
    await all(machines, ["a", "b", "c"]);
    const others = ["a", "b", "c"].filter((name) => name !== owner);
    assert.deepEqual(machines.log, [
      ...others.map((name) => `${name} restarts`),
      `${owner} hands over`,
      `${owner} restarts`,
    ]);
  }
});

test("a machine on which nothing of the service is restarts in its turn, and is not waited for", async () => {
  const machines = new Machines(["a", "b"], "");
  machines.standing.set("a", undefined);
  machines.standing.set("b", undefined);
  await all(machines, ["a", "b"]);
  assert.deepEqual(machines.log, ["a restarts", "b restarts"]);
});

test("after a machine that is not fit again no other one is restarted, and the next update may go on", async () => {
  const machines = new Machines(["a", "b", "c"], "a");
  machines.unfit.add("b");
  const results = await all(machines, ["a", "b", "c"]);
  assert.deepEqual(machines.log, ["b restarts"]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "fulfilled", "rejected"],
  );
  assert.match(
    String((results[0] as PromiseRejectedResult).reason),
    /a was not restarted, since b is not fit to serve 0\.06 s after its restart; `npm run up` goes on with it/,
  );
  machines.unfit.clear();
  machines.standing.set("b", { serves: false, fit: true });
  await all(machines, ["a", "c"]);
  assert.deepEqual(machines.log.slice(1), ["c restarts", "a hands over", "a restarts"]);
});

test("a machine that serves and cannot hand over is not restarted", async () => {
  const machines = new Machines(["a"], "a");
  machines.stuck.add("a");
  await assert.rejects(
    machines.restart("a"),
    /a was not restarted, .* cannot hand over: no other node is fit/,
  );
  assert.deepEqual(machines.log, []);
});

test("a machine that was not fit before need not be afterwards, and other stacks do not wait", async () => {
  const machines = new Machines(["a", "b"], "b");
  machines.standing.set("a", { serves: false, fit: false });
  machines.unfit.add("a");
  const results = await all(machines, ["a", "b"]);
  assert.ok(results.every(({ status }) => status === "fulfilled"));
  const [one, other] = [new Machines(["a"], ""), new Machines(["a"], "")];
  one.unfit.add("a");
  await Promise.all([one.restart("a", "p/one"), other.restart("a", "p/other")]);
  assert.deepEqual([one.log, other.log], [["a restarts"], ["a restarts"]]);
});
