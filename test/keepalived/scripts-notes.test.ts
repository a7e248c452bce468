import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { scriptedNode } from "./scripted-node";

const on = scriptedNode();

it("yield makes the node give the VIP away, and ends by itself", async () => {
  const value = (): string => readFileSync(on.path("run/ha-rancher/yield"), "utf8").trim();
  assert.equal(on.script("yield", ["1"]).code, 0);
  assert.equal(value(), "1");
  await on.rig.until(() => value() === "0", "the end of the time");
  // A second one counts anew, and 0 ends it at once.
  on.script("yield", ["1"]);
  on.script("yield", ["30"]);
  await sleep(1_500);
  assert.equal(value(), "1");
  assert.equal(on.script("yield", ["0"]).code, 0);
  assert.equal(value(), "0");
});

it("maintenance is kept in a file that lasts over a boot", () => {
  const value = (): string => readFileSync(on.path("etc/ha-rancher/maintenance"), "utf8");
  assert.equal(on.script("maintenance", ["on"]).code, 0);
  assert.equal(value(), "1\n");
  assert.equal(on.script("maintenance", ["off"]).code, 0);
  assert.equal(value(), "0\n");
  assert.equal(on.script("maintenance", ["perhaps"]).code, 2);
});

it("a notify hook gets what keepalived says, and the main instance's state is kept with its beginning", () => {
  const notify = (...args: string[]): string =>
    on.node.run(["/usr/local/lib/ha-rancher/current/keepalived/vrrp-notify", ...args]);
  assert.equal(notify("INSTANCE", "ha_rancher", "MASTER", "150"), "");
  const kept = (): string => readFileSync(on.path("run/ha-rancher/vrrp"), "utf8");
  assert.match(kept(), /^MASTER \d+\.\d\d \d+\n$/);
  notify("INSTANCE", "ha_rancher_6", "BACKUP", "150");
  assert.match(kept(), /^MASTER /);
  assert.equal(
    notify("/usr/bin/echo", "INSTANCE", "ha_rancher", "FAULT", "150"),
    "INSTANCE ha_rancher FAULT 150\n",
  );
  assert.match(kept(), /^FAULT /);
});

it("of two changes at once the later one is kept, whichever is noted first", () => {
  const noted = (line: string): string =>
    on.node.run([
      "sh",
      "-c",
      `read -r up _ </proc/uptime; echo "BACKUP ${line}" >/run/ha-rancher/vrrp
      /usr/local/lib/ha-rancher/current/keepalived/vrrp-notify INSTANCE ha_rancher MASTER 150; cat /run/ha-rancher/vrrp`,
    ]);
  assert.match(
    noted("$up $(($$ + 100))"),
    /^BACKUP /,
    "a process that was started later has written already",
  );
  assert.match(noted("$up $$"), /^MASTER /);
  assert.match(noted("$up $(($$ - 100))"), /^MASTER /);
  // Long ago: numbers have begun anew since.
  assert.match(noted("1.00 $(($$ + 100))"), /^MASTER /);
  assert.match(noted(""), /^MASTER /);
});
