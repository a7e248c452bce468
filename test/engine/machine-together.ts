import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import type { TestContext } from "node:test";
import { mustEndWell, TestStack } from "../../drill/rig/vagrant/test-stack";

/** Two stacks come up at once, and nothing of what their machines share is there yet. */
export async function twoStacks(t: TestContext): Promise<void> {
  const first = await TestStack.make("first");
  t.after(() => first.close());
  const second = await TestStack.make("second", first);
  t.after(() => second.close());
  const { hypervisor } = first;
  const both = async (...args: string[]) =>
    (await Promise.all([first.pulumi(...args), second.pulumi(...args)])).map(mustEndWell);

  await t.test(
    "the box is fetched once, volume and networks are made once, and all machines come up",
    async () => {
      rmSync(first.boxFolder("1.0"), { recursive: true });
      hypervisor.share({ volumes: {}, networks: [] });
      for (const i of [1, 2]) {
        await first.add(`first-${i}`, `127.0.0.${70 + i}`);
        await second.add(`second-${i}`, `127.0.0.${72 + i}`);
      }
      await both("up", "--yes", "--skip-preview");
      const boxes = first.takeCalls().filter(({ command }) => command === "box");
      assert.deepEqual(
        boxes.map(({ args }) => args),
        [["--box-version", "1.0", "--provider", "libvirt", "lab/debian"]],
      );
      const events = hypervisor.events();
      assert.equal(events.filter((event) => event.startsWith("uploads")).length, 1);
      assert.deepEqual(events.filter((event) => event.startsWith("network")).sort(), [
        "network private",
        "network vagrant-libvirt",
      ]);
      assert.deepEqual(
        hypervisor.machines().map(({ network }) => network),
        [true, true, true, true],
      );
    },
  );

  await t.test("a machine of another stack is not taken for one's own", async () => {
    await second.add("third", "127.0.0.75", { directory: first.directoryOf("first-1") });
    const { code, text } = await second.up();
    assert.notEqual(code, 0);
    assert.match(text, /`directory` \S+ holds the machine first-1-[0-9a-f]{8} of engine\/first\/first-1/);
    second.remove("third");
  });

  await t.test("both end, and nothing is left", async () => {
    await both("destroy", "--yes", "--skip-preview");
    assert.deepEqual(hypervisor.machines(), []);
  });
}

/** Twenty machines of two stacks on a hypervisor that takes one boot at a time, reached through ports of this host. */
export async function oneAtATime(t: TestContext): Promise<void> {
  const left = await TestStack.make("left");
  t.after(() => left.close());
  const right = await TestStack.make("right", left);
  t.after(() => right.close());
  const { hypervisor } = left;
  left.guests.followPorts();
  for (let i = 1; i <= 10; i++)
    for (const [stack, side] of [
      [left, "left"],
      [right, "right"],
    ] as const)
      await stack.add(`${side}-${i}`, "127.0.0.81", {
        hypervisor: "virtualbox",
        networks: [],
        sshPort: 22,
        ports: [{ id: "web", guest: 80 }],
        usablePorts: { from: 23_100, to: 23_199 },
      });

  await t.test("all come up, one at a time, with ports of their own", async () => {
    const outcomes = await Promise.all([left.up(), right.up()]);
    outcomes.map(mustEndWell);
    const boots = hypervisor.events().filter((event) => event.startsWith("boot"));
    assert.equal(boots.length, 40);
    boots.forEach((event, i) => {
      assert.equal(event.startsWith("booted"), i % 2 === 1, `${event} is number ${i}`);
    });
    const ports = hypervisor.machines().flatMap(({ forwarded }) => forwarded);
    assert.equal(ports.length, 40);
    assert.equal(new Set(ports).size, 40);
    assert.ok(ports.every((port) => port >= 23_100 && port <= 23_199));
  });

  await t.test("the outputs tell them, SSH first", async () => {
    const { forwardedPorts, address } = left.state().get("left-1")?.outputs ?? assert.fail("no machine");
    const { forwarded } = hypervisor.named("left-1");
    assert.equal(address, "127.0.0.1");
    assert.deepEqual(forwardedPorts, [
      { id: "ssh", guest: 22, host: forwarded[0], protocol: "tcp", hostIp: "127.0.0.1" },
      { id: "web", guest: 80, host: forwarded[1], protocol: "tcp", hostIp: "127.0.0.1" },
    ]);
  });

  await t.test("a port that another stack has is refused by name; a machine keeps its own", async () => {
    const [, taken] = hypervisor.named("right-1").forwarded;
    const [, own] = hypervisor.named("left-1").forwarded;
    left.change("left-1", { ports: [{ id: "web", guest: 80, host: taken }] });
    left.change("left-2", { ports: [{ id: "web", guest: 80 }, { guest: 443 }] });
    const before = hypervisor.named("left-2").forwarded;
    const { code, text } = await left.up();
    assert.notEqual(code, 0);
    assert.match(
      text,
      new RegExp(`\`ports\\[0\\]\\.host\` ${taken} is forwarded to the machine in \\S+right-1`),
    );
    assert.deepEqual(hypervisor.named("left-1").forwarded[1], own);
    assert.deepEqual(hypervisor.named("left-2").forwarded.slice(0, 2), before);
    assert.equal(hypervisor.named("left-2").forwarded.length, 3);
  });
}
