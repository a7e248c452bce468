import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { engineEvent } from "../../cli/pulumi/progress/events";
import type { LabDescription } from "../../lab/description";
import { packageRoot } from "../../local/root";
import { type RunResult, run, tryRun } from "../../local/run";
import { haRancher, healthy, inLab, quietly, stack, status, tryOnNode } from "../lab/command";
import { step } from "../lab/steps";
import { withStack } from "../lab/with-stack";
import { page, type Told } from "./drifts-page";
import { type Drift, drifts, type Place } from "./drifts-table";

/*
 * Everything that somebody may change by hand, on real machines: what `status`, `refresh` and `up` say of it, and that it is
 * as before then (drifts-table.ts). With UPDATE_DOCS it writes docs/drifts.md.
 */

/** Seconds until `status` says it: an agent asks Docker every 20 s; and until all is well again. */
const times = { said: 180, healthy: 240 };

const folder = mkdtempSync(join(tmpdir(), "ha-rancher-drifts-"));
const told: Told[] = [];

withStack({ settings: { backup: { schedule: "yearly" } }, goesDown: true, clearUp: () => restoreSources() });
after(() => rmSync(folder, { recursive: true, force: true }));

/** What stands for the places in the table's texts. */
interface Names {
  standby: string;
  active: string;
  exportFile: string;
}

const filled = (text: string, on: Place, { standby, active, exportFile }: Names): string =>
  text.replaceAll("NODE", on === "active" ? active : standby).replaceAll("EXPORT", exportFile);
const pattern = (given: RegExp, on: Place, names: Names): RegExp =>
  new RegExp(filled(given.source, on, names), given.flags);

let scripts = 0;

/** Runs a script as root in a place. It goes through standard input: no shell on its way reads it. */
async function inPlace(on: Place, script: string, names: Names): Promise<RunResult> {
  const text = filled(script, on, names);
  if (on === "server") return await tryRun("bash", ["-c", text]);
  const file = join(folder, `script-${scripts++}`);
  writeFileSync(file, `${text}\n`);
  return await tryOnNode(names[on], "bash -s", file);
}

/** The same for what must end well. */
async function mustInPlace(on: Place, script: string, names: Names): Promise<void> {
  const { code, stdout, stderr } = await inPlace(on, script, names);
  assert.equal(code, 0, `${script}, on the ${on}: ${stdout}${stderr}`);
}

async function namesNow(): Promise<Names> {
  const { holders, nodes } = await healthy(times.healthy);
  const [active = ""] = holders;
  const standby = nodes.map(({ name }) => name).find((name) => name !== active) ?? "";
  const lab = JSON.parse((await inLab("sh", "-c", 'cat "$HA_RANCHER_LAB"')).stdout) as LabDescription;
  return { active, standby, exportFile: join(lab.nfs.exportsDirectory, `ha-rancher-${stack}.conf`) };
}

/** All that `status` says in sentences. */
async function sentences(): Promise<string[]> {
  const { message, remarks } = (await status()) as unknown as { message: string; remarks: string[] };
  return [...message.split(/(?<=`)\. |(?<=standby)\. /), ...remarks, message];
}

/** Waits until `status` says what it is to say; gives the sentence. */
async function said(wanted: RegExp): Promise<string> {
  const end = Date.now() + times.said * 1000;
  for (;;) {
    const now = await sentences();
    const found = now.find((sentence) => wanted.test(sentence));
    if (found !== undefined) return found;
    assert.ok(Date.now() < end, `\`status\` does not say ${wanted}:\n${now.join("\n")}`);
    await sleep(3_000);
  }
}

/** What `pulumi refresh` finds: names of the resources that are not as the state has them, and its other words. */
async function refreshed(): Promise<{ code: number; drifted: string[]; text: string }> {
  const options = ["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", "--json"];
  const { code, stdout, stderr } = await inLab("pulumi", "refresh", ...options);
  const events = stdout.split("\n").flatMap((line) => engineEvent(line) ?? []);
  const ended = events.flatMap(({ resOutputsEvent }) => (resOutputsEvent ? [resOutputsEvent.metadata] : []));
  const drifted = ended
    .filter(({ op }) => op === "update" || op === "delete")
    .map(({ urn }) => urn.split("::").at(-1) ?? urn);
  const messages = events.flatMap(({ diagnosticEvent }) => diagnosticEvent?.message ?? []);
  console.log(`refresh -> ${code}: ${drifted.join(", ") || "nothing"}`);
  return { code, drifted, text: `${messages.join("\n")}\n${stderr}` };
}

/** The packages that a batch removes, as a source of the node's own: machines of the lab reach no other. */
async function provideSources(names: Names, packages: readonly string[]): Promise<void> {
  await run("apt-get", ["download", "-q", ...packages], { cwd: folder });
  const archive = join(folder, "packages.tar");
  await run("sh", ["-c", `tar -cf ${archive} *.deb`], { cwd: folder });
  const { code, stderr } = await tryOnNode(
    names.standby,
    "mkdir -p /var/local/drifts && tar -xC /var/local/drifts",
    archive,
  );
  assert.equal(code, 0, stderr);
  await mustInPlace(
    "standby",
    `set -e
cd /var/local/drifts
for file in *.deb; do
  dpkg-deb -f "$file"
  printf 'Filename: ./%s\\nSize: %s\\nSHA256: %s\\n\\n' "$file" "$(stat -c %s "$file")" "$(sha256sum "$file" | cut -d ' ' -f 1)"
done >Packages
mkdir -p aside
for source in /etc/apt/sources.list /etc/apt/sources.list.d/*; do [ ! -e "$source" ] || mv "$source" aside/; done
echo 'deb [trusted=yes] file:/var/local/drifts ./' >/etc/apt/sources.list.d/drifts.list
apt-get update -q`,
    names,
  );
  restore = async () => {
    await mustInPlace(
      "standby",
      `rm -f /etc/apt/sources.list.d/drifts.list
cd /var/local/drifts/aside && for source in *; do
  case $source in sources.list) mv "$source" /etc/apt/ ;; '*') ;; *) mv "$source" /etc/apt/sources.list.d/ ;; esac
done
rm -rf /var/local/drifts`,
      names,
    );
  };
}

let restore: (() => Promise<void>) | undefined;

async function restoreSources(): Promise<void> {
  const end = restore;
  restore = undefined;
  await end?.();
}

/** What the rows of a batch are found to be, by `status` and by `refresh`. */
async function lookAt(rows: readonly Drift[], names: Names): Promise<Told[]> {
  const found: Told[] = [];
  for (const drift of rows) {
    const sentence = drift.status && (await said(pattern(drift.status, drift.on, names)));
    found.push({ drift, status: sentence, refresh: [], names });
  }
  const { code, drifted, text } = await refreshed();
  for (const each of found) {
    const { resource, refreshFails, on, what } = each.drift;
    if (refreshFails) assert.match(text, refreshFails, `${what}: refresh ends with ${code}`);
    const wanted = resource && pattern(resource, on, names);
    each.refresh = drifted.filter((name) => wanted?.test(name));
    // Of one that fails the rest may not be told.
    if (wanted && !refreshFails)
      assert.ok(each.refresh.length > 0, `${what}: ${wanted} is not in ${drifted.join(", ")}`);
  }
  const expectsFailure = rows.some(({ refreshFails }) => refreshFails);
  assert.equal(code !== 0, expectsFailure, text);
  if (rows.every(({ resource }) => !resource)) assert.deepEqual(drifted, [], "an order is no drift");
  return found;
}

async function mend(rows: readonly Drift[], found: Told[], names: Names): Promise<void> {
  const begun = Date.now();
  const { code, stdout } = await haRancher("up");
  // Before it mends anything it says what is not well.
  const verdict = stdout.split("\n").findLast((line) => /has the VIP and serves/.test(line)) ?? "";
  const [order] = rows.filter(({ mend }) => mend);
  assert.equal(code, order ? 2 : 0, verdict);
  assert.match(verdict, order ? /but without a standby/ : /^healthy: .* is ready to take over$/);
  for (const each of found) each.up = verdict;
  console.log(`up took ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  if (!order?.mend) return;
  const [command = "", ...words] = order.mend.map((word) => filled(word, order.on, names));
  assert.equal((await haRancher(command, ...words)).code, 0);
}

step("up", async () => {
  assert.equal((await haRancher("up")).code, 0);
  await healthy(times.healthy);
});

for (const batch of [...new Set(drifts.map((drift) => drift.batch))].sort()) {
  const rows = drifts.filter((drift) => drift.batch === batch);
  step(`${batch}: ${rows.map(({ on, what }) => `${on}: ${what}`).join("; ")}`, async () => {
    const names = await namesNow();
    const removed = rows.flatMap(({ by }) => /apt-get purge .* (\S+)$/.exec(by)?.[1] ?? []);
    if (removed.length > 0) await provideSources(names, removed);
    for (const { on, by } of rows) await mustInPlace(on, by, names);
    const found = await lookAt(rows, names);
    await mend(rows, found, names);
    for (const { on, healed, what } of rows) {
      const { code, stdout, stderr } = await inPlace(on, healed, names);
      assert.equal(code, 0, `${what} is not mended: ${healed}: ${stdout}${stderr}`);
    }
    await healthy(times.healthy);
    await restoreSources();
    told.push(...found);
  });
}

step("after all that a refresh finds nothing, and an up changes nothing", async () => {
  const { code, drifted, text } = await refreshed();
  assert.equal(code, 0, text);
  assert.deepEqual(drifted, []);
  const { stdout } = await inLab("pulumi", "preview", "--non-interactive", "--expect-no-changes");
  assert.match(stdout, /unchanged/);
});

step("a node that is off is said, and the next up turns it on", async () => {
  const { standby } = await namesNow();
  assert.equal((await quietly("power-off", "--yes", standby)).code, 0);
  await said(new RegExp(`^${standby} is no standby: it cannot be reached \\(.*\\)\\. Mend: \`npm run up`));
  const { code, stdout } = await haRancher("up");
  assert.equal(code, 0);
  assert.match(stdout, /^healthy: .* is ready to take over$/m);
});

step("the page of drifts", async () => {
  const file = join(packageRoot, "docs", "drifts.md");
  assert.equal(told.length, drifts.length);
  if (process.env.UPDATE_DOCS) writeFileSync(file, page(told));
  else assert.match(readFileSync(file, "utf8"), /^# Drifts/);
});

step("down", async () => {
  assert.equal((await haRancher("down")).code, 0);
});
