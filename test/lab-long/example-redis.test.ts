import assert from "node:assert/strict";
import { step } from "../lab/steps";
import { downAtTheEnd, type Example, failoverUnderWrites, inContainer, withExample } from "./example";

/* examples/redis */

const password = "correct-horse-battery";
const vip = "192.168.56.70";
const example: Example = {
  ...{ name: "redis", vip, url: `tcp://${vip}:6379` },
  secrets: { "container.environment.REDISCLI_AUTH": password },
};
process.env.DRILL_PASSWORD = password;

withExample(example);

step("it acknowledges what is on the disk, and nobody without the password", async () => {
  assert.equal(await inContainer("redis-cli", "config", "get", "appendfsync"), "appendfsync\nalways\n");
  assert.match(await inContainer("env", "-u", "REDISCLI_AUTH", "redis-cli", "ping"), /NOAUTH/);
});

failoverUnderWrites(example, `redis://${vip}`, async (run) =>
  (await inContainer("redis-cli", "lrange", `ha-rancher-drill:${run}`, "0", "-1"))
    .split("\n")
    .filter(Boolean)
    .map(Number),
);

step("its file can be read to its end", async () => {
  const checked = await inContainer("sh", "-c", "'redis-check-aof appendonlydir/*.manifest'");
  assert.match(checked, /All AOF files and manifest are valid/);
});

downAtTheEnd();
