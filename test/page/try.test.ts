import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";
import { TryRun } from "../keepalived/try-run";
import { smallPng } from "./picture";
import { open, violations } from "./rig";

/* The page of `npm run try` in a real browser: every button is pressed, and what it does is seen. With UPDATE_DOCS=1 its picture is
made anew. */

const picture = join(packageRoot, "docs", "page", "try.png");

/** Bytes that a picture may have. */
const largest = 60_000;

test("two nodes without machines: every button is there, and does what it says", async (t) => {
  const run = new TryRun(17_795);
  t.after(async () => {
    await run.signal("SIGTERM");
    assert.deepEqual(await run.left(), []);
  });
  await run.ready();
  const { page, said } = await open(t, run.url);
  const message = page.locator("#message");
  const press = async (name: string): Promise<void> =>
    await page.getByRole("button", { name, exact: true }).click();
  const shows = async (text: RegExp): Promise<void> => await message.filter({ hasText: text }).waitFor();
  await shows(/^healthy: node-a has web$/);
  // Where there is no lease, nothing is said of one.
  assert.equal(await page.getByText("Lease", { exact: true }).first().isVisible(), false);
  await press("Kill keepalived: node-a");
  await shows(/^healthy: node-b has web$/);
  await press("Stop the service: node-b");
  await shows(/^node-a has web, but no other node/);
  await press("Start the service: node-b");
  await shows(/^healthy: node-a has web$/);
  await press("Maintenance of node-a");
  await press("Begin maintenance");
  await shows(/^node-b has web, but no other node/);
  await press("End maintenance of node-a");
  await press("End maintenance");
  await shows(/^healthy: node-b has web$/);
  await press("Cut the cable: node-b");
  await shows(/^node-a has web; node-b cannot be reached$/);
  assert.ok((await page.locator("#client .latency").count()) >= 1);
  assert.ok((await page.locator("#timeline .vip").count()) >= 4);
  assert.deepEqual(await violations(page), []);
  if (process.env.UPDATE_DOCS === "1") {
    await page.getByRole("button", { name: "10 minutes" }).click();
    await page.evaluate("document.activeElement.blur()");
    writeFileSync(picture, smallPng(await page.screenshot()));
    assert.ok(statSync(picture).size < largest, `${picture}: ${statSync(picture).size}`);
  }
  await press("Plug the cable in: node-b");
  await press("Mend everything");
  await shows(/^healthy: /);
  assert.deepEqual(said, []);
});
