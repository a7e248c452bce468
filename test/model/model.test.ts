import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { packageRoot } from "../../local/root";
import { check } from "./spin";

const page = join(packageRoot, "docs", "model.md");

/** The run that docs/model.md tells, a block of text behind a comment with the model's defines: before, of, and after it. */
function told(defines: string): [before: string, story: string[], after: string] {
  const text = readFileSync(page, "utf8");
  const head = `<!-- model: ${defines} -->\n\n\`\`\`text\n`;
  const begin = text.indexOf(head) + head.length;
  const end = text.indexOf("```", begin);
  assert.ok(
    begin >= head.length && end >= begin,
    `docs/model.md has no block behind ${JSON.stringify(head)}`,
  );
  return [text.slice(0, begin), text.slice(begin, end).split("\n").slice(0, -1), text.slice(end)];
}

/** Each with the defines of the model. What holds may see every order of so many faults. */
const holds: [what: string, defines: string][] = [
  ["two faults", "FAULTS=2 OWNERS=2"],
  ["two faults, three owners", "FAULTS=2 OWNERS=3"],
  ["two faults, a kill may fail", "FAULTS=2 OWNERS=2 STUCK"],
  ["three nodes", "NODES=3 FAULTS=1 OWNERS=2 STUCK"],
  ["two faults, a kill may fail, and a fence agent", "FAULTS=2 OWNERS=2 STUCK FENCE"],
  ["two faults, one may be a pause, and a fence agent", "FAULTS=2 OWNERS=2 PAUSE FENCE"],
  ["a pause: as long as the agent takes to look, and without its locks", "FAULTS=1 OWNERS=3 PAUSE"],
  ["two faults, with NFSv3", "FAULTS=2 OWNERS=2 V3"],
];

/** Without these it still holds: docs/model.md names them as second lines. */
const secondLines: [what: string, defines: string][] = [
  ["the epoch check, as long as the server keeps locks", "FAULTS=2 OWNERS=2 NO_EPOCH_CHECK"],
  ["the heartbeat deadline", "FAULTS=2 OWNERS=2 NO_GIVE_UP"],
  ["the lease process's kill", "FAULTS=2 OWNERS=2 STUCK NO_DEADMAN"],
  ["the resets, as long as there is a watchdog device", "FAULTS=2 OWNERS=2 STUCK NO_RESET"],
  // One fault: of two, the first may be the lease process's end.
  [
    "heartbeats as the device's only food, as long as the lease process kills",
    "FAULTS=1 OWNERS=2 FED_ALWAYS",
  ],
];

/** Without these it does not hold, and docs/model.md tells how that comes. */
const stories: [what: string, defines: string, violated: "I1" | "I3"][] = [
  ["the safe time", "FAULTS=1 OWNERS=2 NO_SAFE_TIME", "I1"],
  ["the clean-release record", "FAULTS=1 OWNERS=2 NO_RELEASE_RECORD", "I1"],
  ["a look whether a stop has stopped", "FAULTS=1 OWNERS=2 STUCK STOP_BELIEVED", "I1"],
  ["a look whether a start may still happen", "FAULTS=1 OWNERS=2 START_FORGOTTEN", "I1"],
  ["certainty before the clean note", "FAULTS=1 OWNERS=2 CLEAN_EARLY", "I1"],
  ["the watchdog device", "FAULTS=2 OWNERS=2 NO_WATCHDOG", "I1"],
  ["heartbeats that feed it, and the lease process", "FAULTS=2 OWNERS=2 FED_ALWAYS NO_DEADMAN", "I1"],
  ["the heartbeat deadline and those", "FAULTS=1 OWNERS=2 NO_GIVE_UP NO_DEADMAN FED_ALWAYS", "I1"],
  ["a fence agent, when a machine is paused whose lease process was killed", "FAULTS=2 OWNERS=2 PAUSE", "I1"],
  ["a look at the claim, with NFSv3", "FAULTS=1 OWNERS=2 V3 NO_EPOCH_CHECK", "I3"],
  ["a lock, with NFSv3 and a pause", "FAULTS=1 OWNERS=2 V3 PAUSE", "I1"],
];

// Each search is a process of its own.
describe("the model of one writer", { concurrency: availableParallelism() }, () => {
  for (const [what, defines] of holds)
    it(`holds: ${what} (${defines})`, async () => {
      const { violated, story, states } = await check(defines.split(" "), false);
      assert.equal(violated, undefined, story.join("\n"));
      // A rule that is never enabled would make it small.
      assert.ok(states > 100_000, `only ${states} states`);
    });

  for (const [what, defines] of secondLines)
    it(`holds without ${what} (${defines})`, async () => {
      const { violated, story } = await check(defines.split(" "), false);
      assert.equal(violated, undefined, story.join("\n"));
    });

  for (const [what, defines, violated] of stories)
    it(`does not hold without ${what} (${defines}), as docs/model.md tells`, async () => {
      const outcome = await check(defines.split(" "), true);
      assert.equal(outcome.violated, violated);
      const [before, story, after] = told(defines);
      if (process.env.UPDATE_DOCS) writeFileSync(page, `${before}${outcome.story.join("\n")}\n${after}`);
      else assert.deepEqual(story, outcome.story, "run `UPDATE_DOCS=1 npm test -- model`");
    });
});
