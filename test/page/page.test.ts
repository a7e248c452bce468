import assert from "node:assert/strict";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { packageRoot } from "../../local/root";
import { FakeStack, type Situation, situations } from "../unit/page-states";
import { smallPng } from "./picture";
import { type Looked, look, violations } from "./rig";

/* The page in a real browser: how it looks, what it says, what its buttons do. With UPDATE_DOCS=1 its pictures are made anew. */

const verdicts: Record<Situation, RegExp> = {
  healthy: /^healthy: node-\w has the VIP and serves$/,
  failover: /node-\w has the VIP, without service/,
  "standby-unfit": /without a standby/,
  "no-holder": /^no holder: no node has the VIP$/,
  "two-holders": /^two holders \(split brain\)/,
};

/** What is wider than the page, or cannot be hit by a finger. */
const misplaced = async ({ page }: Looked): Promise<string[]> =>
  await page.evaluate(`(() => {
    const width = document.documentElement.clientWidth;
    const found = [];
    for (const each of document.querySelectorAll("body *")) {
      const { left, right, height, width: own } = each.getBoundingClientRect();
      const name = each.tagName + " " + (each.id || each.textContent.slice(0, 20));
      if (own > 0 && (right > width + 1 || left < -1) && !each.closest(".hidden")) found.push(name + " is out of the page");
      if (each.tagName === "BUTTON" && own > 0 && (height < 34 || own < 44)) found.push(name + " is small");
    }
    if (document.documentElement.scrollWidth > width) found.push("the page scrolls sideways");
    return found;
  })()`);

/** The id or the name of what has the focus. */
const focused = async ({ page }: Looked): Promise<unknown> =>
  await page.evaluate("document.activeElement.id || document.activeElement.getAttribute('aria-label')");

const untilTone = async ({ page }: Looked, tone: string): Promise<void> =>
  await page.locator(`#verdict[data-tone="${tone}"]`).waitFor();

const pictures = join(packageRoot, "docs", "page");

/** Bytes that a picture may have. */
const largest = 60_000;

for (const situation of situations)
  for (const [size, dark] of [
    ["desktop", false],
    ["phone", true],
  ] as const)
    test(`${situation} on a ${size}, ${dark ? "dark" : "light"}: all is there, in its place, and for everybody`, async (t) => {
      const stack = new FakeStack();
      stack.situation = situation;
      const looked = await look(t, { size, dark, stack });
      const { page, said } = looked;
      assert.match((await page.textContent("#message")) ?? "", verdicts[situation]);
      assert.equal(await page.locator(".node").count(), 2);
      assert.equal(await page.locator("#timeline svg").count(), 1);
      assert.ok((await page.locator("#timeline .serves").count()) >= 1);
      assert.ok((await page.locator("#client .latency").count()) >= 1);
      const broken = ["failover", "no-holder"].includes(situation);
      assert.equal(await page.locator("#client .gap").count(), broken ? 1 : 0);
      assert.deepEqual(await misplaced(looked), []);
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(said, []);
      if (process.env.UPDATE_DOCS !== "1" || (size === "phone" && situation !== "healthy")) return;
      mkdirSync(pictures, { recursive: true });
      // What has just begun is seen there.
      if (situation !== "healthy") await page.getByRole("button", { name: "10 minutes" }).click();
      await page.evaluate("document.activeElement.blur()");
      const path = join(pictures, `${situation}${size === "phone" ? "-phone" : ""}.png`);
      writeFileSync(path, smallPng(await page.screenshot()));
      assert.ok(statSync(path).size < largest, `${path}: ${statSync(path).size}`);
    });

test("what changes is seen within a second, and said aloud once", async (t) => {
  const looked = await look(t);
  const { page, stack, said } = looked;
  await page.evaluate(`
    window.aloud = [];
    new MutationObserver(() => window.aloud.push(document.getElementById("told").textContent)).observe(
      document.getElementById("told"), { childList: true, characterData: true, subtree: true });
  `);
  const begun = performance.now();
  stack.become("failover");
  await untilTone(looked, "bad");
  assert.ok(performance.now() - begun < 1_000, `${performance.now() - begun} ms`);
  assert.equal(await page.locator('.node[data-holds="yes"] .badge.vip:visible').count(), 1);
  for (let i = 0; i < 5; i++) {
    stack.become("failover");
    await sleep(250);
  }
  const aloud = (await page.evaluate("window.aloud")) as string[];
  assert.equal(aloud.length, 1, aloud.join(" | "));
  assert.match(aloud[0] ?? "", verdicts.failover);
  assert.match(await page.title(), /^✖ dev: /);
  assert.deepEqual(said, []);
});

test("updates take neither the focus nor what is open away", async (t) => {
  const looked = await look(t);
  const { page, stack } = looked;
  const button = page.getByRole("button", { name: "Maintenance of node-b" });
  await button.focus();
  stack.become("standby-unfit");
  await untilTone(looked, "warn");
  assert.equal(await focused(looked), "maintenance-node-b");
  await page.keyboard.press("Enter");
  stack.become("two-holders");
  await untilTone(looked, "bad");
  assert.ok(await page.getByRole("dialog").isVisible());
  assert.deepEqual(await violations(page), []);
});

test("by keyboard alone: an order is asked about, can be left, and is carried out", async (t) => {
  const looked = await look(t);
  const { page, carried, outcome } = looked;
  outcome.text = "node-b has the VIP (seen after 0.4 s); the service follows it";
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press("Tab");
    if ((await focused(looked)) === "switchover") break;
  }
  assert.equal(await focused(looked), "switchover");
  await page.keyboard.press("Enter");
  assert.equal(await focused(looked), "confirm-no", "the harmless one has the focus");
  await page.keyboard.press("Escape");
  assert.equal(await focused(looked), "switchover", "where it was before");
  await sleep(200);
  assert.deepEqual(carried, []);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Enter");
  await sleep(200);
  assert.deepEqual(carried, [], "Cancel is no order");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator("#outcome", { hasText: "node-b has the VIP" }).waitFor();
  assert.deepEqual(carried, [["switchover", "--stack", "dev", "--"]]);
});

test("a pause needs a reason; maintenance is of a node; a refusal is shown", async (t) => {
  const { page, carried, outcome, said } = await look(t, { size: "phone" });
  await page.click("#pause");
  await page.click("#confirm-yes");
  assert.ok(await page.getByRole("dialog").isVisible(), "without a reason nothing is sent");
  await page.fill("#reason", "new switch");
  await page.click("#confirm-yes");
  await page.locator("#outcome", { hasText: "pause: done" }).waitFor();
  outcome.ok = false;
  outcome.text = "ha-rancher: without node-a no node could take the VIP";
  await page.getByRole("button", { name: "Maintenance of node-a" }).click();
  await page.click("#confirm-yes");
  await page.locator("#outcome", { hasText: "without node-a" }).waitFor();
  assert.deepEqual(carried, [
    ["pause", "--stack", "dev", "--", "new switch"],
    ["maintenance", "--stack", "dev", "--", "node-a", "on"],
  ]);
  assert.deepEqual(said, []);
});

test("the hour, and its last ten minutes", async (t) => {
  const { page } = await look(t, { stack: Object.assign(new FakeStack(), { situation: "failover" }) });
  const width = async (): Promise<number> =>
    await page.evaluate("document.querySelector('#timeline .silent').getBoundingClientRect().width");
  const hour = await width();
  await page.getByRole("button", { name: "10 minutes" }).click();
  assert.ok((await width()) > 4 * hour);
  assert.equal(await page.getAttribute('[data-minutes="10"]', "aria-pressed"), "true");
  assert.match((await page.getAttribute("#timeline", "aria-label")) ?? "", /does not answer.*Failovers: 1/);
});

test("a page whose program has ended says so", async (t) => {
  const { page, end } = await look(t);
  assert.equal(await page.textContent("#link"), "live");
  end();
  await page.locator("#link", { hasText: "no connection" }).waitFor();
});

test("another page cannot press the buttons, nor look, even if it knows the address", async (t) => {
  const { page, url, carried, stack } = await look(t);
  const other = createServer((_, response) =>
    response.writeHead(200, { "content-type": "text/html" }).end("<p>evil"),
  );
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  t.after(() => other.close());
  const evil = await page.context().newPage();
  await evil.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
  const tried = await evil.evaluate(`(async (address) => {
    const attempt = async (path, options) => {
      try {
        return "answered " + (await fetch(address + path, options)).status;
      } catch {
        return "refused";
      }
    };
    const body = JSON.stringify({ order: "switchover" });
    const framed = document.createElement("iframe");
    framed.src = address;
    document.body.append(framed);
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: address + "orders", enctype: "text/plain", target: "_blank" });
    document.body.append(form);
    form.submit();
    return [
      await attempt("orders", { method: "POST", body, headers: { "content-type": "application/json" } }),
      await attempt("orders", { method: "POST", body, mode: "no-cors" }),
      await attempt("events", {}),
    ];
  })(${JSON.stringify(url)})`);
  assert.deepEqual(tried, ["refused", "refused", "refused"]);
  await sleep(500);
  assert.deepEqual(carried, []);
  assert.equal(stack.watched, 1);
});
