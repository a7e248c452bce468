import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "node:test";
import { times } from "./nodes";
import { becomesActive, withNodes } from "./with-nodes";

describe("the watchdog on the guard", () => {
  withNodes("is fed by an owner's heartbeats alone", async (_, a) => {
    await becomesActive(a);
    // Rounds go on, and no heartbeat is answered.
    a.set("hang-dd");
    await a.says(/no heartbeat since/);
    const seconds = [
      ...readFileSync(join(a.home, "notified"), "utf8").matchAll(/WATCHDOG_USEC=(\d+).*STATUS=ACTIVE/g),
    ].map(([, time]) => Number(time) / 1e6);
    assert.ok(seconds.length > 3, "it is not fed");
    assert.ok(Math.max(...seconds) <= times.giveUp + times.heartbeat);
    // Whoever hangs now is killed when its time is over, and not a whole GIVE_UP later.
    assert.ok(Math.min(...seconds) < times.giveUp / 2, seconds.join(" "));
    a.unset("hang-dd");
  });
});
