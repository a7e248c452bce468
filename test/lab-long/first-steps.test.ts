import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { hasFailed, step } from "../lab/steps";
import { endTurn, takeTurn } from "../lab/turn";
import { Page } from "../terminal/page";
import { keys, type Session } from "../terminal/session";
import { takePicture } from "./browser";
import { limits, Newcomer } from "./newcomer";

/*
 * The first half hour of somebody who has only the README, at a terminal, on real machines: each step goes on from where
 * the one before it stopped, so after a failure the rest is not run. With UPDATE_DOCS=1 it writes docs/first-steps.md.
 */

const they = new Newcomer();
const begun = { clone: 0, up: 0 };
let open: Session | undefined;
let page: Page | undefined;
let url = "";

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** Waits until something is so. @returns the milliseconds that it took */
async function until(what: string, isSo: () => boolean, limit: number): Promise<number> {
  const start = performance.now();
  while (!isSo()) {
    assert.ok(performance.now() - start < limit, `not in ${limit / 1000} s: ${what}`);
    await sleep(50);
  }
  return performance.now() - start;
}

const thePage = (): Page => page ?? assert.fail("there is no page");
const count = (): number => Number(thePage().text("count")) || 0;
const counting = (what: string): Promise<number> => {
  const before = count();
  return until(`the page counts on ${what}`, () => count() > before, limits.usual);
};

/** Chooses `yes`, which is never the default. */
async function answerYes(session: Session): Promise<void> {
  session.type(keys.down);
  await session.until(/^❯ yes/m, limits.usual, "now");
  session.type(keys.enter);
}

/** How many different times of the day frames of `status --watch` have shown. */
const clocksOf = (lastLines: ReadonlySet<string>): number =>
  [...lastLines].filter((line) => /^\d\d:\d\d:\d\d, Ctrl-C ends$/.test(line)).length;

/** The page as a browser shows it, where there is one. */
async function picture(name: string): Promise<void> {
  const file = join(they.pictures(), `${name}.png`);
  console.log((await takePicture(url, file)) ? `picture: ${file}` : "no browser here: no picture");
}

before(takeTurn);

after(async () => {
  page?.close();
  await they.leave(hasFailed());
  endTurn();
});

step("clone", async () => {
  begun.clone = performance.now();
  await they.getClone();
});

step("doctor: this machine can run it", async () => {
  const text = await they.call("doctor", { limit: limits.up });
  assert.match(text, /^dev {2}machines: lab$/m);
  assert.match(text, /^no fault, \d+ remarks?$/m);
});

step("up: nodes with their steps, quietly, and a service at the end", async () => {
  begun.up = performance.now();
  const session = they.begin("up");
  await session.until(/^… rancher-[12] +Machine \d+ s/m, limits.up, "now");
  const { code, text } = await session.end(limits.up);
  assert.equal(code, 0, text);
  for (const node of ["rancher-1", "rancher-2"]) {
    assert.match(text, new RegExp(`^✔ ${node}  Machine made [\\d.]+ s$`, "m"));
    assert.match(text, new RegExp(`^✔ ${node}  agent-files made [\\d.]+ s$`, "m"));
  }
  assert.match(text, /^Resources:\n {4}\d+ created$/m);
  for (const shown of ["The stack dev is up", "https://192.168.56.10", "npm run ssh -- rancher-1"])
    assert.ok(text.includes(shown), `${shown} is not shown`);
  assert.doesNotMatch(text, /@ updating|Created symlink|pulumi cancel|stack rm|Pull complete|^… /m);
});

step("status: who has the VIP, who serves", async () => {
  const { NODE, OTHER } = await they.healthy();
  const text = await they.call("status");
  assert.match(text, /^dev {2}VIP 192\.168\.56\.10 {2}https:\/\/192\.168\.56\.10 answers in \d+ ms$/m);
  assert.match(text, new RegExp(`^${NODE} .* yes .*active \\(epoch \\d+\\) +here +running`, "m"));
  assert.match(text, new RegExp(`^${OTHER} .* no .*standby`, "m"));
});

step("open: the page with the counter, through this machine's port", async () => {
  open = they.begin("open");
  const text = await open.until(/(http:\/\/localhost:\d+) is https:\/\/192\.168\.56\.10 now, until Ctrl-C/);
  url = /http:\/\/localhost:\d+/.exec(text)?.[0] ?? assert.fail();
  assert.match(text, /counter/);
  page = await Page.open(`${url}/`);
  await until("the page counts", () => count() > 0, limits.usual);
  const now = performance.now();
  they.note(
    `from \`git clone\` to the page with the counter: ${seconds(now - begun.clone)}, of it \`up\` and what follows ${seconds(now - begun.up)} (${they.wasWarm ? "Pulumi, packages and box were there from before" : "from nothing: Pulumi, packages and box were made"})`,
  );
  const { NODE } = await they.healthy();
  assert.ok(thePage().text("node").startsWith(NODE), thePage().text("node"));
  await picture("page");
});

step(
  "status --watch shows a power-off while it happens, a frame each second, and the page counts on",
  async () => {
    const nodes = await they.healthy();
    const { NODE, OTHER } = nodes;
    const watch = they.begin("watch");
    await watch.until(new RegExp(`^healthy: ${NODE} has the VIP`, "m"), limits.usual, "now");

    const off = they.begin("powerOff", nodes);
    await off.until(new RegExp(`Turn ${NODE} off\\?`));
    await answerYes(off);
    const pressed = performance.now();
    assert.equal((await off.end()).code, 0);

    const frames = new Set<string>();
    const look = setInterval(() => frames.add(watch.screen.now().at(-1) ?? ""), 100);
    try {
      await watch.until(
        new RegExp(`^\\d\\d:\\d\\d:\\d\\d VIP ${NODE} -> ${OTHER} after [\\d.]+ s$`, "m"),
        limits.usual,
        "now",
      );
      const before = count();
      await until(
        "the page counts on, on the other node",
        () =>
          thePage().text("node").startsWith(OTHER) &&
          count() > before &&
          thePage().text("state") === "answers",
        limits.usual,
      );
      const moved = performance.now() - pressed;
      await watch.until(/^\d\d:\d\d:\d\d service answers again after [\d.]+ s$/m, limits.usual, "now");
      const share = clocksOf(frames) / ((performance.now() - pressed) / 1000);
      const vip = / -> \S+ (after [\d.]+ s)$/m.exec(watch.screen.now().join("\n"))?.[1];
      they.note(`from a power-off to the page that counts on: ${seconds(moved)}; the VIP was there ${vip}`);
      they.note(`frames of \`status --watch\` while a node was off: ${share.toFixed(2)} a second`);
      assert.ok(share > 0.7, `${share} frames a second`);
    } finally {
      clearInterval(look);
    }
    await picture("page-after-failover");
    they.keep("watch", "npm run status -- --watch", watch.screen.now());

    await they.call("powerOn");
    await watch.until(
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d ${NODE} answers again after [\\d.]+ s$`, "m"),
      limits.usual,
      "now",
    );
    await they.healthy();
    await watch.until(new RegExp(`^healthy: ${OTHER} has the VIP`, "m"), limits.usual, "now");
    watch.type(keys.interrupt);
    await watch.end();
  },
);

step("ssh runs a command there; logs are those of all nodes", async () => {
  const nodes = await they.healthy();
  assert.match(await they.call("ssh", { nodes }), /load average/);
  const logs = await they.call("logs");
  for (const node of Object.values(nodes))
    assert.match(
      logs,
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} ${node} +(agent|keepalived|lease|container) `, "m"),
      node,
    );
});

step("mistakes in the stack's file are told all at once, with their lines, and nothing is done", async () => {
  const file = join(they.clone, "Pulumi.dev.yaml");
  const right = readFileSync(file, "utf8");
  const wrong = right
    .replace("ha-rancher:vip: 192.168.56.10/24", "ha-rancher:vip:")
    .replace("name: rancher-2", "name: rancher-1")
    .concat(
      "  rancher:image: rancher/rancher:v2.12.3\n  ha-ranchr:preset: fast\n  ha-rancher:keepdata: true\n",
    );
  writeFileSync(file, wrong.concat("  ha-rancher:memory: lots\n  preset: fast\n"));
  const text = await they.call("mistakes", { code: 1 });
  writeFileSync(file, right);
  assert.match(text, /the settings have 7 mistakes; nothing was changed:/);
  for (const [name, words] of [
    ["vip", "has no value"],
    ["nodes", "has the name rancher-1 twice"],
    ["rancher:image", "is in a namespace that nothing here reads .*: write `ha-rancher:image`"],
    ["ha-ranchr:preset", "is in a namespace that nothing here reads .*: write `ha-rancher:preset`"],
    ["keepdata", "is not a setting: did you mean `keepData`\\?"],
    ["memory", "must be a whole number"],
    ["preset", "must be written `ha-rancher:preset`"],
  ])
    assert.match(text, new RegExp(`^ {2}- \`${name}\` \\(line \\d+\\) ${words}`, "m"));
});

step("what is nearly right is named: a command, a node, an option", async () => {
  assert.match(await they.call("command", { code: 2 }), /Did you mean switchover\?/);
  assert.match(await they.call("option", { code: 2 }), /Did you mean --watch\?/);
  const { NODE } = await they.healthy();
  const text = await they.call("node", { nodes: { NODE }, code: 2 });
  assert.match(text, new RegExp(`"${NODE}0" is no node; .*did you mean \`${NODE}\`\\?`));
});

step("switchover: the other node serves, and the page counts on", async () => {
  const { NODE, OTHER } = await they.healthy();
  const text = await they.call("switchover");
  assert.match(text, new RegExp(`^${OTHER} has the VIP \\(seen after [\\d.]+ s\\)`, "m"));
  await counting("after a switchover");
  await until(`${OTHER} serves`, () => thePage().text("node").startsWith(OTHER), limits.usual);
  assert.equal((await they.healthy()).NODE, OTHER, `${NODE} has it again`);
});

step("maintenance: the node has no VIP until it is over", async () => {
  const { NODE, OTHER } = await they.healthy();
  const text = await they.call("maintenance", { nodes: { NODE } });
  assert.match(text, new RegExp(`^${NODE} holds no VIP until .*; ${OTHER} has the VIP$`, "m"));
  assert.match((await they.quietly("status")).stdout, new RegExp(`^${NODE} .*\\(maintenance\\)`, "m"));
  await counting("while a node is in maintenance");
  const over = await they.call("maintenanceOver", { nodes: { NODE } });
  assert.match(over, new RegExp(`^${NODE} may hold the VIP again$`, "m"));
  assert.equal((await they.healthy()).NODE, OTHER, "the VIP stays where it is");
});

step("backup and restore: what was counted comes back", async () => {
  await they.healthy();
  const before = count();
  assert.match(await they.call("backup"), /rancher\.tar \([\d.]+ MB\)$/m);
  assert.ok(existsSync(join(they.clone, "rancher.tar")), "the file is not in the folder of the call");
  await until("it counts sixty on", () => count() > before + 60, limits.usual);
  const counted = count();
  const session = they.begin("restore");
  await session.until(/Replace the data\?/, limits.usual);
  await answerYes(session);
  // Seen while it runs: the page soon counts beyond that again.
  const isEarlier = (): boolean => count() >= before && count() < counted;
  const [{ code, text }] = await Promise.all([
    session.end(limits.usual),
    until("the counter is that of the backup", isEarlier, limits.usual),
  ]);
  assert.equal(code, 0, text);
  await they.healthy();
  await counting("after a restore");
});

step("down asks, and leaves nothing", async () => {
  page?.close();
  open?.type(keys.interrupt);
  await open?.end();
  const kept = they.begin("down");
  await kept.until(/Remove all this\?/, limits.usual);
  kept.type(keys.interrupt);
  const stopped = await kept.end();
  assert.equal(stopped.code, 130);
  assert.match(stopped.text, /stopped; nothing was written/);
  they.forget("down");
  const session = they.begin("down");
  await session.until(/Remove all this\?/, limits.usual);
  await answerYes(session);
  const { code, text } = await session.end(limits.up);
  assert.equal(code, 0, text);
  assert.match(text, /^✔ rancher-1 {2}Machine removed [\d.]+ s$/m);
  assert.match(text, /^The stack dev is removed$/m);
  assert.match((await they.quietly("status")).stdout, /the stack `dev` is not up: `npm run up` makes it/);
  they.writePage();
});
