import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { TryRun, until } from "./try-run";

/* `npm run try`, with the real keepalived and the real agent: each button, and what is left of it afterwards. */

const port = 17_790;
const other = (name: string): string => (name === "node-a" ? "node-b" : "node-a");

describe("two nodes without machines, for somebody who wants to look", () => {
  let run: TryRun;
  let holder = "node-a";

  /** Presses a button of the node that has the VIP: the other one gets it, and answers. */
  const moves = async (id: string, label: string, state: string): Promise<void> => {
    await run.press(`${id}-${holder}`, label);
    holder = other(holder);
    await run.holds(holder, state);
    assert.equal(await run.answers(), holder);
  };
  /** Presses the button that mends it. */
  const mended = async (id: string, label: string): Promise<void> => {
    await run.press(`${id}-${other(holder)}`, label);
    await run.holds(holder, "healthy");
  };

  before(async () => {
    run = new TryRun(port);
    await run.ready();
    await run.look();
  });
  after(async () => {
    await run.signal("SIGKILL");
  });

  it("is well soon after the page is there", async () => {
    await run.holds(holder, "healthy");
    assert.equal(await run.answers(), holder);
    assert.deepEqual(run.state?.remarks, []);
    // Each node's, the client's, and the switch's, in which nothing runs.
    assert.equal(run.seeNamespaces(), 3);
  });

  it("a cable that is cut, and plugged in", async () => {
    await moves("cable", "Cut the cable", "node-unreachable");
    await mended("cable", "Plug the cable in");
  });

  it("a keepalived that is killed, and comes back by itself", async () => {
    await moves("keepalived", "Kill keepalived", "healthy");
  });

  it("a service that is stopped, and started", async () => {
    await moves("service", "Stop the service", "no-standby");
    await mended("service", "Start the service");
  });

  it("maintenance, and its end", async () => {
    await moves("maintenance", "Maintenance", "no-standby");
    await mended("maintenance", "End maintenance");
    assert.equal(run.state?.timeline.chains.at(-1)?.kind, "vip");
    for (const { vip, activities } of run.state?.timeline.lanes ?? []) {
      assert.ok(vip.length >= 2, JSON.stringify(vip));
      const seen = new Set<string>(activities.map(({ activity }) => activity));
      assert.ok(
        ["serves", "standby"].every((each) => seen.has(each)),
        [...seen].join(" "),
      );
    }
  });

  it("all at once is mended by one button", async () => {
    await run.press(`service-${holder}`, "Stop the service");
    await run.press(`cable-${other(holder)}`, "Cut the cable");
    await until("nobody to have the VIP", () => run.state?.tone === "bad");
    await run.press("mend", "Mend everything");
    await until("all to be well", () => run.state?.state === "healthy");
  });

  it("what is no order of the page does nothing", async () => {
    for (const order of [
      null,
      { order: "pause", reason: "x" },
      { order: "cable", node: "node-a" },
      { order: "service", node: "node-c", on: false },
      { order: "mend", node: "node-a" },
    ])
      assert.equal((await run.order(order)).status, 400, JSON.stringify(order));
  });

  it("a kill leaves nothing", async () => {
    await run.signal("SIGKILL");
    assert.deepEqual(await run.left(), []);
  });

  it("the next one starts at the same port; Ctrl-C ends it, and leaves nothing either", async () => {
    run = new TryRun(port);
    await run.ready();
    assert.match(run.url, new RegExp(`:${port}/`));
    assert.ok(run.processes.some((command) => command.startsWith("keepalived")));
    assert.equal(run.seeNamespaces(), 3);
    assert.equal(await run.signal("SIGINT"), 0);
    assert.deepEqual(await run.left(), []);
  });
});
