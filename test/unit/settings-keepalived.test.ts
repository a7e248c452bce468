import assert from "node:assert/strict";
import { test } from "node:test";
import { keepalived, mistakesOf, refuse, script, track } from "./settings-support";

/* What is refused of how the VIP moves: adverts, and what keepalived offers. */

refuse([
  ["an unknown preset", { preset: "warp" }, ["preset"], /steady .* fast .* instant/],
  [
    "preset and interval",
    { preset: "fast", advertInterval: "1" },
    ["preset", "advertInterval"],
    /remove one/,
  ],
  [
    "sub-second adverts with version 2",
    { advertInterval: "0.5", ...keepalived({ version: 2 }) },
    ["advertInterval", "keepalived.version"],
    /whole seconds/,
  ],
  [
    "the default preset with version 2",
    keepalived({ version: 2 }),
    ["preset", "keepalived.version"],
    /whole seconds/,
  ],
  [
    "the instant preset with version 2",
    { preset: "instant", ...keepalived({ version: 2 }) },
    ["preset", "keepalived.version"],
    /whole seconds/,
  ],
  ["thousandths of a second", { advertInterval: "0.125" }, ["advertInterval"], /hundredths/],
  ["adverts faster than any machine", { advertInterval: "0.04" }, ["advertInterval"], /at least 0\.05/],
  ["adverts slower than VRRPv3 can say", { advertInterval: "41" }, ["advertInterval"], /at most 40/],
  ["version 1", keepalived({ version: 1 }), ["keepalived.version"], /2 or 3/],
  [
    "a takeover after one missed advert",
    keepalived({ downTimerAdverts: 1 }),
    ["keepalived.downTimerAdverts"],
    /at least 2/,
  ],
  [
    "too little silence",
    { preset: "instant", ...keepalived({ downTimerAdverts: 2 }) },
    ["keepalived.downTimerAdverts", "preset"],
    /busy holder/,
  ],
  [
    "instant without real-time priority",
    { preset: "instant", ...keepalived({ realTimePriority: 0 }) },
    ["keepalived.realTimePriority", "preset"],
    /busy node/,
  ],
  [
    "a real-time priority that does not exist",
    keepalived({ realTimePriority: 100 }),
    ["keepalived.realTimePriority"],
    /at most 99/,
  ],
  [
    "a delay of a preemption that is off",
    keepalived({ preemptDelay: 5 }),
    ["keepalived.preemptDelay", "keepalived.preempt"],
    /does nothing/,
  ],
  [
    "a preemption delay without end",
    keepalived({ preempt: true, preemptDelay: 1001 }),
    ["keepalived.preemptDelay"],
    /at most 1000/,
  ],
  ["preemption as a word", keepalived({ preempt: "yes" }), ["keepalived.preempt"], /true or false/],
  [
    "a start-up delay beyond the deadline",
    { startDeadline: "60", ...keepalived({ startupDelay: 60 }) },
    ["keepalived.startupDelay", "startDeadline"],
    /too late/,
  ],
  [
    "a start-up delay in the past",
    keepalived({ startupDelay: -1 }),
    ["keepalived.startupDelay"],
    /at least 0/,
  ],
  ["no gratuitous ARP", keepalived({ garp: { repeat: 0 } }), ["keepalived.garp.repeat"], /at least 1/],
  [
    "repeats of a refresh that is off",
    keepalived({ garp: { refresh: 0, refreshRepeat: 2 } }),
    ["keepalived.garp.refreshRepeat", "keepalived.garp.refresh"],
    /does nothing/,
  ],
  [
    "gratuitous ARP that takes for ever",
    keepalived({ garp: { repeat: 10, interval: 0.5 } }),
    ["keepalived.garp.interval", "keepalived.garp.repeat"],
    /at most 1 s/,
  ],
  [
    "an option of gratuitous ARP that does not exist",
    keepalived({ garp: { speed: 1 } }),
    ["keepalived.garp.speed"],
    /delay, repeat, refresh/,
  ],
  [
    "authentication",
    keepalived({ auth: "secret" }),
    ["keepalived.auth"],
    /version 2 sends it in clear text: say `authHmac`/,
  ],
  ["state MASTER", keepalived({ state: "MASTER" }), ["keepalived.state"], /starts as BACKUP/],
  ["nopreempt", keepalived({ nopreempt: true }), ["keepalived.nopreempt"], /preempt: false/],
  ["strict mode", keepalived({ strict: true }), ["keepalived.strict"], /forbids unicast/],
  ["virtual MAC addresses", keepalived({ vmac: true }), ["keepalived.vmac"], /promiscuous/],
  ["keepalived as a list", keepalived([]), ["keepalived"], /settings by name/],
  [
    "an interface with a blank",
    track({ interfaces: ["eth 0"] }),
    ["keepalived.track.interfaces[0]"],
    /name of an interface/,
  ],
  ["an interface twice", track({ interfaces: ["eth0", "eth0"] }), ["keepalived.track.interfaces"], /twice/],
  [
    "a process with its path",
    track({ processes: ["/usr/bin/dockerd"] }),
    ["keepalived.track.processes[0]"],
    /without its path/,
  ],
  [
    "a process name that the kernel cuts",
    track({ processes: ["a-name-of-sixteen"] }),
    ["keepalived.track.processes[0]"],
    /15 characters/,
  ],
  ["a weight", track({ weight: 5 }), ["keepalived.track.weight"], /never moves the VIP/],
  [
    "a weight of a script",
    script({ weight: -5 }),
    ["keepalived.track.scripts[0].weight"],
    /never moves the VIP/,
  ],
  [
    "a script without its path",
    script({ command: "true" }),
    ["keepalived.track.scripts[0].command"],
    /absolute path/,
  ],
  [
    "a script with shell in it",
    script({ command: "/bin/sh -c $(reboot)" }),
    ["keepalived.track.scripts[0].command"],
    /no quoting/,
  ],
  [
    "a script that ends its quotes",
    script({ command: '/bin/true " }' }),
    ["keepalived.track.scripts[0].command"],
    /no quoting/,
  ],
  [
    "a script with a line break",
    script({ command: "/bin/true\n}" }),
    ["keepalived.track.scripts[0].command"],
    /no quoting/,
  ],
  [
    "a script that outlives its interval",
    script({ timeout: 5 }),
    ["keepalived.track.scripts[0].timeout"],
    /at most its `interval`/,
  ],
  [
    "parts of a second between runs of a script",
    script({ interval: 1.5 }),
    ["keepalived.track.scripts[0].interval"],
    /whole number/,
  ],
  [
    "a script on the shared data",
    script({ command: "/bin/cat /rancher_data/ok" }),
    ["keepalived.track.scripts[0].command"],
    /hang the VIP/,
  ],
  [
    "a file in the lease directory",
    track({ files: ["/rancher_lease/x"] }),
    ["keepalived.track.files[0]"],
    /hang the VIP/,
  ],
  [
    "a file of the guard's",
    track({ files: ["/run/ha-rancher/track"] }),
    ["keepalived.track.files[0]"],
    /tracked already/,
  ],
  ["a relative file", track({ files: ["ok"] }), ["keepalived.track.files[0]"], /absolute path/],
  [
    "a notify hook with arguments",
    keepalived({ notify: "/bin/hook -v" }),
    ["keepalived.notify"],
    /absolute path/,
  ],
  [
    "a notify hook on NFS",
    { dataDirectory: "/data", ...keepalived({ notify: "/data/hook" }) },
    ["keepalived.notify"],
    /hang the VIP/,
  ],
]);

test("many mistakes are told all at once", () => {
  const mistakes = mistakesOf({
    furtherVips: ["10.0.0.1/24"],
    ...keepalived({ version: 2, preemptDelay: 3, track: { files: ["/run/ha-rancher/track"] } }),
  });
  assert.equal(mistakes.length, 4, mistakes.join("\n"));
});
