import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";
import { callOf, chapters, firstStepsPage, shortened } from "../lab-long/first-steps-page";

const page = readFileSync(join(packageRoot, "docs", "first-steps.md"), "utf8");
const script = readFileSync(join(packageRoot, "test", "lab-long", "first-steps.test.ts"), "utf8");

test("docs/first-steps.md tells what the lab's test types, in its order", () => {
  let at = 0;
  for (const { title, words, calls } of chapters) {
    at = page.indexOf(`\n## ${title}\n\n${words}\n`, at);
    assert.ok(at > 0, `${title} is missing, or was changed: run the lab's test with UPDATE_DOCS=1`);
    for (const call of Object.values(calls)) {
      const typed = call.replace(/\b(NODE|OTHER)/g, "rancher-[12]").replace("NODE0", "rancher-[12]0");
      assert.match(page.slice(at), new RegExp(`^\\$ ${typed}$`, "m"));
    }
  }
});

test("each call of the page is made by the lab's test", () => {
  for (const name of chapters.flatMap(({ calls }) => Object.keys(calls)).filter((each) => each !== "clone"))
    assert.match(script, new RegExp(`(call|begin)\\("${name}"`), name);
  assert.throws(() => callOf("nothing"), /is no call/);
});

test("what was shown is in the page, shortened and without npm's own lines", () => {
  const lines = ["> ha-rancher@0.1.0 up", "> node cli/bootstrap.mjs up", "", "one"];
  assert.deepEqual(shortened(lines), ["one"]);
  const many = Array.from({ length: 60 }, (_, i) => `line ${i}`);
  assert.deepEqual(shortened(many).slice(7, 10), ["line 7", "...", "line 44"]);
  assert.deepEqual(shortened(["", ""]), []);
  const text = firstStepsPage({
    shown: { status: { typed: "npm run status", lines: ["", "healthy", ""] } },
    times: ["from here to there: 1 s"],
  });
  assert.match(text, /\n\$ npm run status\nhealthy\n\n\$ npm run open\n```\n/);
  assert.match(text, /\n## How long it took\n\n- from here to there: 1 s\n$/);
});
