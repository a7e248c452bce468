import assert from "node:assert/strict";
import { test } from "node:test";

let failed = false;

/** Whether a step of this file has failed. */
export const hasFailed = (): boolean => failed;

/** A test that goes on from where the one before it stopped: after a failure the rest is not run. */
export function step(name: string, action: () => Promise<void>): void {
  test(name, async () => {
    assert.ok(!failed, "a step before this one failed");
    try {
      await action();
    } catch (error) {
      failed = true;
      throw error;
    }
  });
}
