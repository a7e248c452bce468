import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { unknownValue } from "../../local/pulumi/values";
import { type AgentWorld, startAgents, stopAgents } from "../../providers/agent/change";
import { type AgentFacts, parseStarted, parseState } from "../../providers/agent/node-facts";
import { nodesToChange, type RolloutOutputs, rolloutIn } from "../../providers/agent/rollout-provider";
import type { SshEndpoint } from "../../providers/remote/endpoint";

const ssh = (host: string, hostKey = "key"): SshEndpoint => ({
  ...{ host, port: 22, user: "root", privateKey: "", keyFile: "", hostKey, knownHostsFile: "" },
});

const endpoints = (...names: string[]): Record<string, SshEndpoint> =>
  Object.fromEntries(names.map((name) => [name, ssh(name)]));

/** Nodes by name, which is their host. One that is not there does not answer. */
class Nodes implements AgentWorld {
  readonly log: string[] = [];
  readonly said: string[] = [];
  readonly broken = new Set<string>();
  /** When this node is started or stopped, nobody has the lease afterwards. */
  fatal: string | undefined;

  readonly facts: Record<string, AgentFacts>;

  constructor(
    facts: Record<string, AgentFacts>,
    readonly version = "new",
  ) {
    this.facts = structuredClone(facts);
  }

  async look({ host }: SshEndpoint): Promise<AgentFacts> {
    const found = this.facts[host];
    if (!found) throw new Error(`${host} does not answer`);
    return structuredClone(found);
  }

  async start({ host }: SshEndpoint) {
    if (this.broken.has(host)) throw new Error("it is dead");
    this.log.push(`start ${host}`);
    const before = this.facts[host] as AgentFacts;
    this.facts[host] = { ...before, version: this.version, idle: false, faults: [] };
    if (host === this.fatal) for (const each of Object.values(this.facts)) each.serves = false;
    return { version: this.version, was: before.idle ? ("started" as const) : ("restarted" as const) };
  }

  async stop({ host }: SshEndpoint): Promise<void> {
    if (this.broken.has(host)) throw new Error("it is dead");
    this.log.push(`stop ${host}`);
    this.facts[host] = idle;
  }

  say(line: string): void {
    this.said.push(line);
  }
}

const idle: AgentFacts = {
  version: undefined,
  serves: false,
  idle: true,
  faults: ["the agent does not run"],
};
const standby: AgentFacts = { version: "old", serves: false, idle: false, faults: [] };
const owner: AgentFacts = { ...standby, serves: true };
const short = { limit: 50, lost: "no node has the lease" };

test("standbys are changed first, the owner last, whoever it is", async () => {
  for (const [serving, order] of [
    ["a", ["start b", "start c", "start a"]],
    ["b", ["start a", "start c", "start b"]],
    ["c", ["start a", "start b", "start c"]],
    ["", ["start a", "start b", "start c"]],
  ] as const) {
    const nodes = new Nodes(
      Object.fromEntries(["a", "b", "c"].map((name) => [name, name === serving ? owner : standby])),
    );
    const { failure, versions } = await startAgents(["a", "b", "c"], endpoints("a", "b", "c"), nodes);
    assert.equal(failure, undefined);
    assert.deepEqual(versions, { a: "new", b: "new", c: "new" });
    assert.deepEqual(nodes.log, order);
  }
});

test("a node to be changed that does not answer is named, and none is touched", async () => {
  const nodes = new Nodes({ a: owner, c: standby });
  const { failure, versions } = await startAgents(["a", "b"], endpoints("a", "b", "c"), nodes);
  assert.match(failure ?? "", /^no agent was changed, since these nodes do not answer: b; /);
  assert.deepEqual(nodes.log, []);
  assert.deepEqual(versions, {});
});

test("a dead node that is as it should be keeps no other from its change", async () => {
  const nodes = new Nodes({ a: owner, b: standby });
  const { failure } = await startAgents(["a", "b"], endpoints("a", "b", "c"), nodes);
  assert.equal(failure, undefined);
  assert.deepEqual(nodes.log, ["start b", "start a"]);
});

test("nothing more is changed once a node cannot be, or once nobody has the lease", async () => {
  const dead = new Nodes({ a: owner, b: standby, c: standby });
  dead.broken.add("b");
  const first = await startAgents(["a", "b", "c"], endpoints("a", "b", "c"), dead);
  assert.equal(first.failure, "b cannot be changed; c and a are as before: it is dead");
  assert.deepEqual(dead.log, []);

  const lost = new Nodes({ a: owner, b: standby, c: standby });
  lost.fatal = "b";
  const second = await startAgents(["a", "b", "c"], endpoints("a", "b", "c"), lost, short);
  assert.match(second.failure ?? "", /^no node has the lease since b was changed; c and a are as before/);
  assert.deepEqual(lost.log, ["start b"]);
  assert.deepEqual(second.versions, { b: "new" });
});

test("where no agent runs yet, all are started, and each failure is told", async () => {
  const nodes = new Nodes({ a: idle, b: idle, c: idle });
  nodes.broken.add("a");
  const { failure, versions } = await startAgents(["a", "b", "c"], endpoints("a", "b", "c"), nodes);
  assert.equal(failure, "agents cannot be started\na: it is dead");
  assert.deepEqual(versions, { b: "new", c: "new" });
  assert.deepEqual(nodes.said, ["agent on b: started", "agent on c: started"]);
});

test("a node whose guard has the lease is changed last", async () => {
  const serves = parseState(
    '{"status":{"configuration":null,"uptime":1},"enabled":false,"former":true,"formerServes":true}',
  );
  const stands = { ...serves, serves: false };
  const nodes = new Nodes({ a: serves, b: stands });
  assert.equal((await startAgents(["a", "b"], endpoints("a", "b"), nodes)).failure, undefined);
  assert.deepEqual(nodes.log, ["start b", "start a"]);
});

test("the owner is last, each node is changed at most once, and a failure stops it, for any cluster", async () => {
  const names = ["a", "b", "c", "d"];
  const name = fc.constantFrom(...names);
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { minLength: 1 }),
      fc.option(name, { nil: undefined }),
      fc.option(name, { nil: undefined }),
      fc.option(name, { nil: undefined }),
      async (wanted, serving, broken, silent) => {
        const answering = names.filter((each) => each !== silent);
        const nodes = new Nodes(
          Object.fromEntries(answering.map((each) => [each, each === serving ? owner : standby])),
        );
        if (broken) nodes.broken.add(broken);
        const { failure, versions } = await startAgents(wanted, endpoints(...names), nodes, short);
        const touched = nodes.log.map((line) => line.replace("start ", ""));
        assert.equal(new Set(touched).size, touched.length);
        assert.deepEqual(Object.keys(versions).sort(), [...touched].sort());
        assert.equal(
          failure === undefined,
          !wanted.some((each) => each === broken || each === silent),
          String(failure),
        );
        if (wanted.some((each) => each === silent)) assert.deepEqual(touched, []);
        if (serving && touched.includes(serving)) assert.equal(touched.at(-1), serving);
      },
    ),
  );
});

test("stopping ends with the owner, and leaves alone what does not answer", async () => {
  const nodes = new Nodes({ a: owner, b: standby });
  await stopAgents(endpoints("a", "b", "c"), nodes);
  assert.deepEqual(nodes.log, ["stop b", "stop a"]);
  assert.deepEqual(nodes.said, ["c does not answer: its agent is left as it is"]);
  nodes.facts.b = standby;
  nodes.broken.add("b");
  await assert.rejects(
    stopAgents(endpoints("a", "b"), nodes),
    /^Error: the agent on b cannot be stopped: it is/,
  );
});

const olds: RolloutOutputs = {
  endpoints: endpoints("a", "b"),
  source: { a: "one", b: "one" },
  versions: { a: "old", b: "old" },
};
const { versions: _, ...inputs } = olds;

test("only what differs is changed: a source, another machine, a new node", async () => {
  const { diff } = rolloutIn(new Nodes({}));
  assert.deepEqual(nodesToChange(olds, inputs), []);
  // The engine does not keep the order of names.
  const turned = { endpoints: endpoints("b", "a"), source: { b: "one", a: "one" } };
  assert.equal((await diff("", olds, turned)).changes, false);
  for (const [news, names] of [
    [{ ...inputs, source: { a: "one", b: "two" } }, ["b"]],
    [{ ...inputs, endpoints: { a: ssh("a", "another"), b: ssh("b") } }, ["a"]],
    [{ endpoints: endpoints("a", "b", "c"), source: { a: "one", b: "one", c: "one" } }, ["c"]],
    // Only stored, or only stopped.
    [{ ...inputs, endpoints: { a: { ...ssh("a"), user: "admin" }, b: ssh("b") } }, []],
    [{ endpoints: endpoints("a"), source: { a: "one" } }, []],
  ] as const) {
    assert.deepEqual(nodesToChange(olds, news), names);
    assert.equal((await diff("", olds, news)).changes, true);
  }
  for (const news of [
    { ...inputs, source: unknownValue },
    { ...inputs, source: { a: unknownValue, b: "one" } },
    { ...inputs, endpoints: unknownValue },
  ])
    assert.equal((await diff("", olds, news as never)).changes, true);
});

test("inputs are checked, as far as they are known", async () => {
  const { check } = rolloutIn(new Nodes({}));
  const reasons = async (news: object) => (await check({}, news)).failures?.map(({ reason }) => reason);
  assert.deepEqual(await reasons(inputs), []);
  assert.deepEqual(await reasons({ ...inputs, source: unknownValue }), []);
  assert.deepEqual(await reasons({ ...inputs, source: { a: 1, b: unknownValue } }), [
    "`source.a` must be a text",
  ]);
  assert.deepEqual(await reasons({ ...inputs, source: { a: "one" } }), [
    "`source` must name the same nodes as `endpoints`",
  ]);
  assert.deepEqual(await reasons({ endpoints: 1, source: [] }), [
    "`endpoints` must be endpoints by node",
    "`source` must be texts by node",
  ]);
});

/** The properties of a partial failure. */
async function partOf(failing: Promise<unknown>): Promise<RolloutOutputs> {
  const error = await failing.then(
    () => assert.fail("it does not fail"),
    (thrown: Error & { id: string; properties: RolloutOutputs }) => thrown,
  );
  assert.equal(error.id, "agents");
  return error.properties;
}

test("after a failure the next `up` goes on where it ended, even if the state was refreshed before", async () => {
  const nodes = new Nodes({ a: owner, b: standby });
  const { update, read, diff } = rolloutIn(nodes);
  nodes.broken.add("a");
  const news = { ...inputs, source: { a: "two", b: "two" } };
  const part = await partOf(update("agents", olds, news));
  assert.deepEqual(part.versions, { a: "old", b: "new" });
  for (const from of [part, (await read("agents", part)).props as RolloutOutputs]) {
    assert.equal((await diff("", from, news)).changes, true);
    assert.deepEqual(nodesToChange(from, news), ["a"]);
  }
  nodes.broken.clear();
  const { outs } = await update("agents", part, news);
  assert.deepEqual(outs, { ...news, versions: { a: "new", b: "new" } });
  assert.deepEqual(nodes.log, ["start b", "start a"]);
});

test("an agent that does not run, or from something else, is drift; the next `up` starts that one", async () => {
  const nodes = new Nodes({
    a: { ...standby, version: undefined, idle: true, faults: ["the agent does not run"] },
    b: { ...owner, version: "foreign" },
  });
  const { read, update } = rolloutIn(nodes);
  const three = {
    endpoints: endpoints("a", "b", "c"),
    source: { a: "one", b: "one", c: "one" },
    versions: { a: "old", b: "old", c: "old" },
  };
  const { props, inputs: found } = await read("agents", three);
  assert.deepEqual(found, {
    endpoints: three.endpoints,
    source: { a: "the agent does not run", b: "the agent has version foreign, not old", c: "one" },
  });
  assert.deepEqual(nodes.said, ["the agent on c cannot be looked at: c does not answer"]);
  await update("agents", props as RolloutOutputs, { endpoints: three.endpoints, source: three.source });
  assert.deepEqual(nodes.log, ["start a", "start b"]);
});

test("a node that leaves is stopped when the others have been changed, and again after a failure", async () => {
  const nodes = new Nodes({ a: standby, b: owner });
  const { update } = rolloutIn(nodes);
  const news = { endpoints: endpoints("a"), source: { a: "two" } };
  nodes.broken.add("b");
  const part = await partOf(update("agents", olds, news));
  assert.deepEqual(nodes.log, ["start a"]);
  nodes.broken.clear();
  const { outs } = await update("agents", part, news);
  assert.deepEqual(outs, { ...news, versions: { a: "new" } });
  assert.deepEqual(nodes.log, ["start a", "stop b"]);
});

test("what nodes say is read strictly", () => {
  const told = {
    ...{ enabled: true, former: false, formerServes: false },
    status: {
      agent: { state: "active", version: "0123456789abcdef", reason: "" },
      ...{ lease: { heldHere: true, owner: "a" }, stale: false },
    },
  };
  const read = (change: object) => parseState(JSON.stringify({ ...told, ...change }));
  assert.deepEqual(read({}), { version: "0123456789abcdef", serves: true, idle: false, faults: [] });
  assert.deepEqual(read({ enabled: false }).faults, ["the agent does not start at boot"]);
  const units = ["ha-rancher-lease.service does not run"];
  assert.deepEqual(read({ units }).faults, units);
  assert.deepEqual(read({ units, former: true }).faults, ["the guard runs in place of the agent"]);
  assert.deepEqual(read({ status: { ...told.status, stale: true } }).faults, [
    "the agent runs with another configuration than the one on disk",
  ]);
  const stopped = read({ status: { ...told.status, agent: { state: "stopped", version: null }, lease: {} } });
  assert.deepEqual(stopped, {
    ...{ version: undefined, serves: false, idle: true, faults: ["the agent does not run"] },
  });
  assert.throws(() => read({ status: { agent: { state: "x".repeat(101) } } }), /`host\/agent-state` printed/);
  assert.equal(parseStarted('{"version":"1","was":"from-guard"}').was, "from-guard");
  assert.throws(() => parseStarted('{"version":"1","was":"gone"}'), /`host\/start-agent` printed something/);
});

test("agents of one workload do not become those of another, and new ones are anything", async () => {
  const provider = rolloutIn(new Nodes({}));
  const inputs = { endpoints: endpoints("a"), source: { a: "1" } };
  const reasons = async (olds: object, news: object): Promise<string[]> =>
    ((await provider.check(olds, news)).failures ?? []).map(({ reason }) => reason);
  assert.deepEqual(await reasons({}, { ...inputs, workload: "address" }), []);
  assert.deepEqual(await reasons(inputs, inputs), []);
  const [there] = await reasons(inputs, { ...inputs, workload: "address" });
  assert.match(
    there ?? "",
    /`workload` must not become address: the stack runs a service with a lease.*`npm run down`/,
  );
  const [back] = await reasons({ ...inputs, workload: "address" }, inputs);
  assert.match(back ?? "", /`workload` must not become a service with a lease: the stack runs address/);
});

test("without leases whoever has a VIP serves, and is changed last", () => {
  const told = (...holds: boolean[]): string =>
    JSON.stringify({
      status: { agent: { state: "active", version: "v1" }, vips: holds.map((each) => ({ holds: each })) },
      ...{ enabled: true, units: [], former: false, formerServes: false },
    });
  assert.deepEqual(
    [told(false, true), told(false, false)].map((text) => parseState(text).serves),
    [true, false],
  );
});
