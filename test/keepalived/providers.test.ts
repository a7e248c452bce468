import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { VrrpSpec } from "../../domain/vrrp";
import { Rig, type RigNode } from "../../drill/rig/rig";
import { clock } from "../../local/clock";
import { packageRoot } from "../../local/root";
import { closeAll } from "../../providers/remote/ssh";
import {
  type ConfigurationInputs,
  type ConfigurationOutputs,
  configuration,
} from "../../providers/vip/configuration-provider";
import { keepalived } from "../../providers/vip/keepalived-provider";
import { TestServer } from "../unit/remote-server";
import { specOf } from "./spec";

/**
 * Nodes of the rig that are logged in to over SSH, as real ones are. With adverts a second apart: a busy machine must not
 * look like a lost VIP here, where it is the order of changes that counts.
 */
describe("keepalived's resources", () => {
  let rig: Rig;
  let a: RigNode;
  let b: RigNode;
  const servers = new Map<RigNode, TestServer>();

  before(async () => {
    rig = await Rig.make();
    [a, b] = [rig.node("a"), rig.node("b")];
    for (const node of rig.nodes) {
      const server = await new TestServer().start();
      servers.set(node, server);
      const [command, args] = node.inside(
        ...["env", "PATH=/usr/local/lib/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        // /var is this machine's.
        "KEEPALIVED_COPY=/run/keepalived-copy",
      );
      const wrapper = (name: string, line: string): void => {
        writeFileSync(server.path(`bin/${name}`), `#!/bin/sh\n${line}\n`);
        chmodSync(server.path(`bin/${name}`), 0o755);
      };
      wrapper("sudo", `shift; exec ${command} ${args.join(" ")} "$@"`);
      wrapper("ip", `exec ${command} ${args.join(" ")} ip "$@"`);
      mkdirSync(join(node.folder, "lib/bin"));
      const systemctl = join(node.folder, "lib/bin/systemctl");
      copyFileSync(join(packageRoot, "test/keepalived/systemctl.bash"), systemctl);
      chmodSync(systemctl, 0o755);
    }
  });
  after(async () => {
    closeAll();
    for (const server of servers.values()) await server.stop();
    await rig?.end();
  });

  const ssh = (node: RigNode) => (servers.get(node) as TestServer).endpoint;
  const inputsOf = (spec: VrrpSpec): ConfigurationInputs => ({
    vip: "192.168.56.10",
    endpoints: { a: ssh(a), b: ssh(b) },
    contents: { a: rig.conf(a, spec), b: rig.conf(b, spec) },
    facts: { a: rig.facts(a, spec), b: rig.facts(b, spec) },
    order: ["a", "b"],
  });
  const log = (node: RigNode): string => readFileSync(join(node.folder, "run/log"), "utf8");
  const systemctl = (node: RigNode, ...args: string[]): string =>
    node.run(["/usr/local/lib/bin/systemctl", ...args]);

  let state: ConfigurationOutputs;
  beforeEach(async () => {
    for (const node of rig.nodes) writeFileSync(join(node.folder, "run/log"), "");
    const { outs } = await configuration.create(inputsOf(specOf({ preset: "steady" })));
    state = outs as ConfigurationOutputs;
    await settled();
  });

  /** Both start at the same time: until they agree, the VIP may change hands. */
  async function settled(): Promise<void> {
    let [holder, since] = ["", 0];
    await rig.until(() => {
      const now = rig.holders().join();
      if (now !== holder || !["a", "b"].includes(now)) [holder, since] = [now, clock()];
      return clock() - since > 1_500;
    }, "one holder, and the same for a while");
  }

  afterEach(async () => {
    for (const node of rig.nodes) {
      systemctl(node, "stop", "keepalived.service");
      for (const name of ["masked", "enabled"]) rmSync(join(node.folder, "run", name), { force: true });
      rmSync(join(node.folder, "etc/keepalived/keepalived.conf"), { force: true });
    }
    b.vrrp.priority = 140;
    rig.probe.forget();
  });

  const update = async (news: ConfigurationInputs): Promise<void> => {
    assert.equal((await configuration.diff("id", state, news)).changes, true);
    state = (await configuration.update("id", state, news)).outs as ConfigurationOutputs;
  };
  /** As `refresh` does: the state is what is there. */
  const refresh = async (): Promise<void> => {
    state = (await configuration.read("id", state)).props as ConfigurationOutputs;
  };

  it("a second look finds nothing to do", async () => {
    const before = structuredClone(state);
    await refresh();
    assert.deepEqual(state, before);
    assert.equal(
      (await configuration.diff("id", state, inputsOf(specOf({ preset: "steady" })))).changes,
      false,
    );
  });

  it("another interval, a second VIP, another priority: backups first, reloaded, and the client notices little", async () => {
    const [holder] = rig.holders();
    assert.ok(holder);
    const other = holder === "a" ? "b" : "a";
    const gaps: number[] = [];
    for (const [more, priority] of [
      [{ advertInterval: "2" }, 140],
      [{ advertInterval: "2", furtherVips: ["192.168.56.20/24"] }, 140],
      [{ advertInterval: "2", furtherVips: ["192.168.56.20/24"] }, 145],
    ] as const) {
      b.vrrp.priority = priority;
      const since = clock();
      const before = rig.nodes.map((node) => statTime(node));
      await update(inputsOf(specOf(more)));
      gaps.push(rig.probe.longestGap(since));
      const times = Object.fromEntries(rig.nodes.map((node) => [node.vrrp.name, statTime(node)]));
      assert.ok(
        (times[other] ?? 0) < (times[holder] ?? 0),
        "the holder's file was changed before the backup's",
      );
      assert.ok(before.every((time, i) => time < statTime(rig.nodes[i] as RigNode)));
      assert.deepEqual(rig.holders(), [holder]);
    }
    for (const node of rig.nodes) {
      assert.equal(log(node).match(/^reload keepalived/gm)?.length, 3);
      assert.equal(log(node).match(/^(start|stop|restart) keepalived/gm)?.length, 1);
    }
    assert.ok(Math.min(...gaps) < 300, `the client waited ${gaps.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  });

  it("keepalived runs with real-time priority, which a reload does not touch, and its scripts without", async () => {
    const of = (process: string): string => a.run(["chrt", "--pid", process]);
    const child = (): string => readFileSync(join(a.folder, "run/vrrp.pid"), "utf8").trim();
    const main = (): string => readFileSync(join(a.folder, "run/keepalived.pid"), "utf8").trim();
    const first = child();
    for (const advertInterval of ["1", "2"]) {
      if (advertInterval === "2") await update(inputsOf(specOf({ advertInterval })));
      assert.match(of(main()), /SCHED_RR$[\s\S]*priority: 50$/m);
      assert.match(of(child()), /SCHED_RR\|SCHED_RESET_ON_FORK$[\s\S]*priority: 50$/m);
      // What keepalived 2.2.7 lowers to nothing in a reload, if it is told to set a priority itself.
      assert.match(a.run(["cat", `/proc/${child()}/limits`]), /^Max realtime timeout +unlimited +unlimited/m);
    }
    assert.equal(child(), first, "the VRRP process was lost in the reload");
    const ordinary = { advertInterval: "2", keepalived: JSON.stringify({ realTimePriority: 0 }) };
    await update(inputsOf(specOf(ordinary)));
    assert.match(of(child()), /SCHED_OTHER/);
  });

  const statTime = (node: RigNode): number =>
    Number(node.run(["stat", "-c", "%.Y", "/etc/keepalived/keepalived.conf"]));

  for (const [what, drift, fault] of [
    [
      "its file edited by hand",
      (node: RigNode) => node.run(["sh", "-c", "echo '# mine' >>/etc/keepalived/keepalived.conf"]),
      undefined,
    ],
    ["its file gone", (node: RigNode) => node.run(["rm", "/etc/keepalived/keepalived.conf"]), undefined],
    ["stopped", (node: RigNode) => systemctl(node, "stop", "keepalived.service"), /keepalived is inactive/],
    ["masked", (node: RigNode) => node.run(["touch", "/run/masked"]), /keepalived is masked at boot/],
    ["not enabled", (node: RigNode) => node.run(["rm", "/run/enabled"]), /keepalived is disabled at boot/],
    [
      "its firewall rules gone",
      (node: RigNode) => node.run(["nft", "flush", "ruleset"]),
      /firewall's rules are gone/,
    ],
  ] as const)
    it(`drift is seen by refresh and mended by up: ${what}`, async () => {
      const wanted = inputsOf(specOf({ preset: "steady" }));
      drift(b);
      await refresh();
      if (fault) assert.match(state.faults.b ?? "", fault);
      else assert.notEqual(state.contents.b, wanted.contents.b);
      assert.equal(state.faults.a, undefined);
      assert.equal(state.contents.a, wanted.contents.a);
      await update(wanted);
      await refresh();
      assert.deepEqual(state.faults, {});
      assert.equal((await configuration.diff("id", state, wanted)).changes, false);
      await rig.until(() => rig.holders().length === 1, "one holder");
    });

  it("a file that keepalived refuses changes no node beyond the first, and none's service", async () => {
    const [holder] = rig.holders();
    const before = structuredClone(state);
    const wrong = inputsOf(specOf({ preset: "steady" }));
    for (const name of ["a", "b"])
      wrong.contents[name] = wrong.contents[name]?.replace("interface eth1", "interface eth9") ?? "";
    await assert.rejects(
      configuration.update("id", state, wrong),
      (error: Error & { properties?: object }) => {
        assert.match(error.message, /cannot be changed; \w is as before: [\s\S]*keepalived refuses the file/);
        state = error.properties as ConfigurationOutputs;
        return true;
      },
    );
    for (const node of rig.nodes)
      assert.equal(node.run(["cat", "/etc/keepalived/keepalived.conf"]), before.contents[node.vrrp.name]);
    assert.deepEqual(rig.holders(), [holder]);
    // The next `up` with good settings goes on from there.
    await update(inputsOf(specOf({ advertInterval: "2" })));
    assert.deepEqual(state.faults, {});
  });

  it("a node that cannot be reached stops a change; the other serves, and the next one continues", async () => {
    const [holder] = rig.holders();
    const other = holder === "a" ? b : a;
    const news = inputsOf(specOf({ advertInterval: "2" }));
    await servers.get(other)?.pause();
    await assert.rejects(
      configuration.update("id", state, news),
      (error: Error & { properties?: object }) => {
        assert.match(
          error.message,
          new RegExp(`^${other.vrrp.name} cannot be changed; ${holder} is as before`),
        );
        state = error.properties as ConfigurationOutputs;
        return true;
      },
    );
    assert.deepEqual(rig.holders(), [holder]);
    await servers.get(other)?.start();
    await update(news);
    await refresh();
    assert.deepEqual([state.contents, state.facts], [news.contents, news.facts]);
  });

  it("keepalived is found on a node, found gone, and taken off it with all that it left", async () => {
    const inputs = { ssh: ssh(a), minimumVersion: "2.1.5", vips: ["192.168.56.10/24", "fd00:56::10/64"] };
    const { outs } = await keepalived.create(inputs);
    assert.ok(outs);
    assert.deepEqual(outs.installed, []);
    const read = await keepalived.read("id", outs);
    assert.deepEqual([read.id, read.inputs], ["id", inputs]);

    // Left by a keepalived that was killed.
    b.run(["sh", "-c", "kill -STOP $(cat /run/vrrp.pid); kill -9 $(cat /run/keepalived.pid /run/vrrp.pid)"]);
    await rig.until(() => rig.holders().includes("a"), "a to hold the VIP");
    await keepalived.delete("id", outs);
    assert.equal(a.holdsVip, false);
    assert.equal(existsSync(join(a.folder, "etc/keepalived/keepalived.conf")), false);
    assert.equal(a.run(["nft", "list", "ruleset"]), "");
    assert.equal(systemctl(a, "is-active", "keepalived.service"), "inactive\n");
    assert.equal(systemctl(a, "is-enabled", "keepalived.service"), "disabled\n");
    b.run(["rm", "-f", "/run/vrrp.pid", "/run/keepalived.pid"]);
    b.run(["ip", "addr", "flush", "dev", "eth1", "to", "192.168.56.10"]);
  });

  it("a keepalived that was removed is gone for refresh: the next up makes it again", async () => {
    const inputs = { ssh: ssh(a), minimumVersion: "2.1.5", vips: [] };
    const { outs } = await keepalived.create(inputs);
    assert.ok(outs);
    // As if it had been removed: its folder is hidden.
    const server = servers.get(a) as TestServer;
    const sudo = readFileSync(server.path("bin/sudo"), "utf8");
    try {
      const hide = `unshare --mount sh -c 'mount -t tmpfs none /usr/sbin; exec "$@"' sh "$@"`;
      writeFileSync(
        server.path("bin/sudo"),
        sudo.replace('"$@"', () => hide),
      );
      assert.deepEqual(await keepalived.read("id", outs), { id: "" });
    } finally {
      writeFileSync(server.path("bin/sudo"), sudo);
    }
    assert.equal((await keepalived.read("id", outs)).id, "id");
  });
});
