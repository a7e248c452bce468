import assert from "node:assert/strict";
import { test } from "node:test";
import { backupUnits } from "../../components/backups";
import { sentenceOf } from "../../domain/mistake";
import { parseSettings, SettingsError } from "../../settings";
import { memoryFloorOf } from "../../workloads/rancher/versions";

const given: Record<string, string> = {
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "one", address: "192.168.56.11" },
    { name: "two", address: "192.168.56.12" },
  ]),
};

function mistakes(more: Record<string, unknown>): string[] {
  const text = Object.entries(more).map(([name, value]) => [
    name,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  try {
    parseSettings({ ...given, ...Object.fromEntries(text) });
    return [];
  } catch (error) {
    assert.ok(error instanceof SettingsError);
    return error.mistakes.map(sentenceOf);
  }
}

test("backups: the defaults, and the units that a schedule makes", () => {
  const { backup } = parseSettings(given);
  assert.deepEqual(backup, { keep: 7, directory: "/var/backups/ha-rancher" });
  const units = backupUnits({ ...backup, schedule: "*-*-* 03:00:00" });
  assert.match(units["ha-rancher-backup.timer"] ?? "", /^OnCalendar=\*-\*-\* 03:00:00$/m);
  assert.match(
    units["ha-rancher-backup.service"] ?? "",
    /^ExecStart=\/usr\/local\/lib\/ha-rancher\/current\/backup\/backup \/var\/backups\/ha-rancher 7$/m,
  );
  for (const unit of Object.values(units)) assert.doesNotMatch(unit, /@\{/);
});

test("what is wrong is told, with the rule", () => {
  const sha256 = "a".repeat(64);
  const cases: [Record<string, unknown>, RegExp][] = [
    [{ backup: { schedule: "daily; reboot" } }, /^`backup\.schedule` must be a time/],
    [{ backup: { schedule: "daily\nX=1" } }, /^`backup\.schedule` must be a time/],
    [{ backup: { keep: 0 } }, /^`backup\.keep` must be at least 1/],
    [
      { backup: { directory: "/rancher_data/backups" } },
      /^`backup\.directory` .* must not be in `dataDirectory`/,
    ],
    [{ backup: { schedul: "daily" } }, /^`backup\.schedul` is not a setting.*schedule, keep, directory/],
    [{ registryMirrors: ["mirror"] }, /^`registryMirrors\[0\]` must be a registry's address/],
    [{ registryMirrors: "x" }, /^`registryMirrors` must be a list of registries/],
    [{ imageArchive: { file: "x.tar", sha256 } }, /^`imageArchive\.file` .* absolute path/],
    [{ imageArchive: { file: "/x.tar", sha256: "1" } }, /^`imageArchive\.sha256` must be .*sha256sum/],
    [
      { imageArchive: { file: "/x.tar", sha256 }, image: `a/b:1@sha256:${sha256}` },
      /^`image` must be a name with a tag, without a digest/,
    ],
    [
      { imageArchive: { file: "/x.tar", sha256 }, registryLogin: { username: "u", password: "p" } },
      /exclude each other/,
    ],
    [
      { image: "rancher/rancher:v2.12.5" },
      /^`image` names v2\.12\.5, which is for paying customers alone: .*v2\.12\.3 -> v2\.13\.3 -> v2\.14\.3/,
    ],
    [{ memoryFloor: "1" }, /^`memoryFloor` must be at least 256/],
  ];
  for (const [more, words] of cases) {
    const [first = "", ...rest] = mistakes(more);
    assert.match(first, words, JSON.stringify(more));
    assert.deepEqual(rest, []);
  }
  assert.deepEqual(
    mistakes({
      backup: { schedule: "Mon..Fri *-*-* 03:00" },
      imageArchive: { file: "/x.tar", sha256 },
      registryMirrors: ["https://m:5000"],
    }),
    [],
  );
});

test("how much memory a host must have: Rancher's own image wants much, another none, unless it is said", () => {
  assert.equal(memoryFloorOf(undefined, "rancher/rancher:v2.12.3"), 3584);
  assert.equal(memoryFloorOf(undefined, "mirror.example.com:5000/rancher/rancher:v2.12.3"), 3584);
  assert.equal(memoryFloorOf(undefined, "ha-rancher/rancher-stand-in:1"), undefined);
  assert.equal(memoryFloorOf(2048, "rancher/rancher:v2.12.3"), 2048);
});
