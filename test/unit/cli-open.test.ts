import assert from "node:assert/strict";
import { test } from "node:test";
import { browserOf } from "../../cli/actions/open";

test("a browser is opened where there is one", () => {
  const all = (): boolean => true;
  const none = (): boolean => false;
  for (const [environment, platform, has, expected] of [
    [{ BROWSER: "firefox:chromium" }, "linux", none, "firefox"],
    [{}, "darwin", none, "open"],
    [{ DISPLAY: ":0" }, "linux", (name: string) => name === "xdg-open", "xdg-open"],
    [{ WAYLAND_DISPLAY: "wayland-0" }, "linux", (name: string) => name === "xdg-open", "xdg-open"],
    [{ DISPLAY: ":0" }, "linux", none, undefined],
    [{}, "linux", (name: string) => name === "xdg-open", undefined],
    [{}, "linux", all, "wslview"],
  ] as const)
    assert.equal(browserOf(environment, platform, has), expected, JSON.stringify(environment));
});
