import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Rig, type RigNode } from "../../bench/rig";
import { parseInstall } from "../../providers/vip/keepalived-provider";
import { parseLook, scriptLine } from "../../providers/vip/scripts";
import { specOf } from "./spec";

/**
 * A stand-in for systemctl that keeps what it was told in a file: states of keepalived.service. Each is logged.
 * dnf, apt-get and keepalived --version are stand-ins too, where a test puts them.
 */
const systemctl = `#!/bin/bash
echo "$*" >>/run/log
s=/run/unit; touch $s; source $s
save() { printf 'active=%s\\nenabled=%s\\n' "$active" "$enabled" >$s; }
case $* in
  'is-enabled keepalived.service') echo "\${enabled:-disabled}" ;;
  'is-active keepalived.service') echo "\${active:-inactive}" ;;
  '--quiet is-active firewalld') [[ -e /run/firewalld ]] ;;
  'show --property=ActiveState --value keepalived.service') echo "\${active:-inactive}" ;;
  'show --property=MainPID --value keepalived.service') [[ -e /run/dies ]] && echo $RANDOM || echo 7 ;;
  'start keepalived.service') [[ $enabled != masked ]] && active=active && save ;;
  'unmask keepalived.service') enabled=disabled; save ;;
  'enable --quiet keepalived.service') enabled=enabled; save ;;
  'disable --quiet --now keepalived.service') active=inactive enabled=disabled; save ;;
esac
`;

const firewallCmd = `#!/bin/bash
f=/run/rules; [[ $* == *--permanent* ]] && f=/run/rules-permanent; touch $f
for a; do
  case $a in
    --list-rich-rules) cat $f ;;
    --add-rich-rule=*) echo "\${a#*=}" >>$f ;;
    --remove-rich-rule=*) grep -vxF "\${a#*=}" $f >$f.new; mv $f.new $f ;;
  esac
done
`;

describe("what runs on a node for the floating IP", () => {
  let rig: Rig;
  let node: RigNode;
  before(async () => {
    rig = await Rig.make();
    node = rig.node("a");
  });
  after(() => rig?.end());
  beforeEach(() => {
    for (const name of [
      "run/log",
      "run/unit",
      "run/dies",
      "run/firewalld",
      "run/rules",
      "run/rules-permanent",
    ])
      rmSync(join(node.folder, name), { force: true });
    rmSync(join(node.folder, "lib/bin"), { recursive: true, force: true });
    rmSync(join(node.folder, "etc/keepalived"), { recursive: true, force: true });
    mkdirSync(join(node.folder, "etc/keepalived"));
    node.run(["nft", "flush", "ruleset"]);
    program("systemctl", systemctl);
    node.track("yield", 0);
  });

  /** Puts a program on the node's PATH, before all others. */
  function program(name: string, text: string): void {
    mkdirSync(join(node.folder, "lib/bin"), { recursive: true });
    writeFileSync(join(node.folder, "lib/bin", name), text);
    chmodSync(join(node.folder, "lib/bin", name), 0o755);
  }

  interface Ended {
    code: number | null;
    stdout: string;
    stderr: string;
  }

  /** As the provider runs it: the script is an argument of bash. */
  function script(
    name: Parameters<typeof scriptLine>[1],
    args: string[] = [],
    input = "",
    path = "/usr/local/lib/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  ): Ended {
    const { status, stdout, stderr } = spawnSync(...node.inside("sh", "-c", scriptLine("root", name, args)), {
      ...{ input, encoding: "utf8" },
      env: { PATH: path },
    });
    return { code: status, stdout, stderr };
  }

  const sum = (text: string): string => createHash("sha256").update(text).digest("hex");
  const swap = (text: string): Ended => script("swap", [sum(text)], text);
  const file = (): string => readFileSync(join(node.folder, "etc/keepalived/keepalived.conf"), "utf8");
  const log = (): string =>
    existsSync(join(node.folder, "run/log")) ? readFileSync(join(node.folder, "run/log"), "utf8") : "";
  const rules = (): string => node.run(["nft", "list", "ruleset"]);
  const good = (): string => rig.conf(node, specOf({}));
  const ruleFor = (family: string, address: string): string =>
    `rule family="${family}" source address="${address}" protocol value="vrrp" accept\n`;

  describe("await-address", () => {
    const await_ = (seconds: number): Ended => {
      const program = ["/usr/local/lib/ha-rancher/await-address", String(seconds)];
      const { status, stdout, stderr } = spawnSync(...node.inside(...program), { encoding: "utf8" });
      return { code: status, stdout, stderr };
    };
    const address = (verb: "add" | "del", text: string, ...more: string[]): string =>
      node.run(["ip", "addr", verb, text, "dev", "eth1", ...more]);

    it("goes on at once if the node has its addresses, or keepalived.conf names none", () => {
      node.configure(good());
      assert.deepEqual(await_(0), { code: 0, stdout: "", stderr: "" });
      node.configure("global_defs {\n}\n");
      assert.equal(await_(0).code, 0);
    });

    for (const what of ["address", "interface"] as const)
      it(`says what is missing while the ${what} is not there, and goes on when it is`, async () => {
        node.configure(good());
        const away = () => (what === "address" ? address("del", "192.168.56.11/24") : link("down"));
        const back = () => (what === "address" ? address("add", "192.168.56.11/24") : link("up"));
        const link = (state: string): string => node.run(["ip", "link", "set", "eth1", state]);
        away();
        try {
          const { code, stderr } = await_(1);
          assert.equal(code, 1);
          assert.match(
            stderr,
            /does not have the address 192\.168\.56\.11 on an interface that is up, after 1 s/,
          );
        } finally {
          setTimeout(back, 500);
        }
        const waiting = spawn(...node.inside("/usr/local/lib/ha-rancher/await-address", "20"));
        assert.deepEqual(await once(waiting, "exit"), [0, null]);
        // The link took the IPv6 address along.
        if (what === "interface") address("add", "fd00:56::11/64", "nodad");
      });
  });

  it("strip takes off every VIP that was left, and nothing else", () => {
    const furtherVips = [
      { address: "192.168.56.20", prefix: 24 },
      { address: "fd00:56::20", prefix: 64 },
    ];
    const addresses = (): string[] =>
      [...node.run(["ip", "-o", "addr", "show", "dev", "eth1"]).matchAll(/inet6? (\S+)/g)]
        .map(([, each = ""]) => each)
        .filter((each) => !each.startsWith("fe80"));
    const strip = (): string => node.run(["/usr/local/lib/ha-rancher/strip"]);
    node.run(["rm", "-f", "/etc/keepalived/keepalived.conf"]);
    assert.equal(strip(), "");
    node.configure(rig.conf(node, { ...specOf({}), furtherVips }));
    const own = addresses();
    assert.equal(own.length, 2);
    strip();
    assert.deepEqual(addresses(), own);
    // One of three is not there.
    for (const vip of ["192.168.56.10/24", "fd00:56::20/64"])
      node.run(["ip", "addr", "add", vip, "dev", "eth1"]);
    assert.equal(addresses().length, 4);
    strip();
    assert.deepEqual(addresses(), own);
    // What it said at the last start, or when it was last read, counts, too.
    const leaves = (vip: string): void => {
      node.run(["ip", "addr", "add", vip, "dev", "eth1"]);
      strip();
      assert.deepEqual(addresses(), own);
    };
    node.configure("{");
    leaves("192.168.56.20/24");
    node.configure("vrrp_instance a {\n  virtual_ipaddress {\n    192.168.56.30/24 dev eth1\n");
    node.run(["/usr/local/lib/ha-rancher/strip", "note"]);
    node.run(["rm", "/etc/keepalived/keepalived.conf"]);
    leaves("192.168.56.30/24");
  });

  it("swap brings a file into force, starts keepalived and opens the firewall", () => {
    const text = good();
    const first = swap(text);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(file(), text);
    assert.match(log(), /daemon-reload\n[\s\S]*start keepalived[\s\S]*enable --quiet keepalived/);
    assert.match(rules(), /ip saddr 192\.168\.56\.12 update @heard4/);
    assert.deepEqual(readdirSync(join(node.folder, "etc/keepalived")), ["keepalived.conf"]);
  });

  it("swap reloads a running keepalived for a change, and leaves it alone without one", () => {
    swap(good());
    rmSync(join(node.folder, "run/log"));
    assert.equal(swap(good()).stdout, "unchanged\n");
    assert.doesNotMatch(log(), /^(reload|restart|start)/m);
    assert.equal(swap(rig.conf(node, specOf({ preset: "steady" }))).stdout, "yes\n");
    assert.match(log(), /^reload keepalived/m);
    assert.doesNotMatch(log(), /^(restart|start|stop)/m);
  });

  it("swap does not let a file that keepalived refuses replace a good one", () => {
    swap(good());
    rmSync(join(node.folder, "run/log"));
    const refused = swap(good().replace("interface eth1", "interface eth9"));
    assert.equal(refused.code, 81, refused.stderr);
    assert.match(refused.stderr, /keepalived refuses the file/);
    assert.equal(file(), good());
    assert.doesNotMatch(log(), /reload|start/);
    assert.deepEqual(readdirSync(join(node.folder, "etc/keepalived")), ["keepalived.conf"]);
  });

  it("swap does not use half a file", () => {
    swap(good());
    const half = script("swap", [sum(good())], good().slice(0, 300));
    assert.equal(half.code, 1);
    assert.match(half.stderr, /did not arrive completely/);
    assert.equal(file(), good());
  });

  it("swap mends a keepalived that is stopped, disabled or masked", () => {
    swap(good());
    for (const state of [
      "active=inactive\nenabled=enabled",
      "active=inactive\nenabled=masked",
      "active=active\nenabled=disabled",
    ]) {
      writeFileSync(join(node.folder, "run/unit"), `${state}\n`);
      assert.equal(swap(good()).code, 0);
      assert.equal(readFileSync(join(node.folder, "run/unit"), "utf8"), "active=active\nenabled=enabled\n");
    }
  });

  it("swap tells when keepalived does not survive the file", () => {
    writeFileSync(join(node.folder, "run/dies"), "");
    const ended = swap(good());
    assert.equal(ended.code, 82);
    assert.match(ended.stderr, /does not run with the file/);
  });

  it("look finds what differs", () => {
    swap(good());
    const well = parseLook(script("look").stdout);
    assert.match(well.version ?? "", /^2\./);
    assert.equal(well.content, good());
    assert.deepEqual(well.faults, []);

    writeFileSync(join(node.folder, "run/unit"), "active=failed\nenabled=masked\n");
    node.run(["nft", "flush", "ruleset"]);
    node.configure(`${good()}# by hand, without a line's end`);
    const ill = parseLook(script("look").stdout);
    assert.equal(ill.content, `${good()}# by hand, without a line's end`);
    assert.deepEqual(ill.faults, [
      "keepalived is failed",
      "keepalived is masked at boot",
      "the firewall's rules are gone",
    ]);
    rmSync(join(node.folder, "etc/keepalived/keepalived.conf"));
    assert.equal(parseLook(script("look").stdout).content, undefined);
    assert.throws(() => parseLook("bash: no"), /unexpected: bash: no/);
  });

  it("remove leaves no VIP, rule or file, and gives a former file back", () => {
    writeFileSync(join(node.folder, "etc/keepalived/keepalived.conf"), "! somebody's own\n");
    swap(good());
    // Left by a keepalived that was killed; one is on another interface, one has another prefix.
    node.run(["ip", "addr", "add", "192.168.56.10/24", "dev", "eth1"]);
    node.run(["ip", "addr", "add", "192.168.56.10/32", "dev", "eth0"]);
    node.run(["ip", "addr", "add", "fd00:56::10/64", "dev", "eth1", "nodad"]);
    program("apt-get", '#!/bin/bash\necho "apt-get $*" >>/run/log\n');
    const ended = script("remove", ["192.168.56.10/24", "fd00:56::10/64", "--", "nftables"]);
    assert.equal(ended.code, 0, ended.stderr);
    const addresses = node.run(["ip", "-o", "addr"]);
    assert.doesNotMatch(addresses, /192\.168\.56\.10\/|fd00:56::10\//);
    assert.match(addresses, /192\.168\.56\.11\/24/, "the node's own address is not touched");
    assert.equal(rules(), "");
    assert.equal(file(), "! somebody's own\n");
    assert.match(log(), /disable --quiet --now keepalived/);
    assert.match(log(), /apt-get purge -y .*nftables/);
    // Gone already: no error.
    assert.equal(script("remove", ["192.168.56.10/24", "--"]).code, 0);
  });

  it("install does nothing where all is there, and refuses what is too old", () => {
    program("apt-get", "#!/bin/sh\nexit 1\n");
    const there = script("install", ["2.1.5"]);
    assert.equal(there.code, 0, there.stderr);
    assert.deepEqual(parseInstall(there.stdout).installed, []);
    program("keepalived", "#!/bin/sh\necho 'Keepalived v2.0.19 (01/16,2022)' >&2\n");
    const old = script("install", ["2.1.5"]);
    assert.equal(old.code, 1);
    assert.match(old.stderr, /2\.0\.19 is too old: at least 2\.1\.5 is needed/);
    assert.throws(() => parseInstall("nonsense"), /unexpected: nonsense/);
  });

  for (const manager of ["apt-get", "dnf"])
    it(`install takes what is missing from ${manager}`, () => {
      // A system with nothing but the programs that the script needs.
      for (const name of ["bash", "sed", "sort", "head", "chmod", "cat", "env"])
        program(name, `#!/bin/sh\nexec /usr/bin/${name} "$@"\n`);
      const keepalived = "#!/bin/sh\\necho Keepalived v2.2.8 >&2\\n";
      const add = [
        `printf '${keepalived}' >/usr/local/lib/bin/keepalived`,
        "printf '' >/usr/local/lib/bin/nft",
        "chmod 755 /usr/local/lib/bin/keepalived /usr/local/lib/bin/nft",
      ].join("; ");
      program(
        manager,
        `#!/usr/bin/bash\necho "${manager} $*" >>/run/log\ncase $* in *install*) ${add} ;; esac\n`,
      );
      program("sh", '#!/usr/bin/sh\nexec /usr/bin/sh "$@"\n');
      const line = scriptLine("root", "install", ["2.1.5"]).replace("bash --norc", "/usr/bin/bash --norc");
      // The script adds /usr/sbin to its PATH: hide this machine's keepalived there.
      const hide = `mount -t tmpfs none /usr/sbin; PATH=/usr/local/lib/bin; ${line}`;
      const { status, stdout, stderr } = spawnSync(
        ...node.inside("unshare", "--mount", "/usr/bin/sh", "-c", hide.replace("mount", "/usr/bin/mount")),
        { encoding: "utf8" },
      );
      assert.equal(status, 0, stderr);
      assert.deepEqual(parseInstall(stdout), { version: "2.2.8", installed: ["keepalived", "nftables"] });
      assert.match(log(), new RegExp(`^${manager} install -y -q .*keepalived nftables$`, "m"));
    });

  it("the firewall lets the peers' adverts in, also past a strict rule set, and strangers' not", async () => {
    const strict =
      "table inet filter { chain input { type filter hook input priority 0; policy drop; ip protocol udp accept; }; }";
    node.run(["nft", "-f", "-"], `${strict}\n`);
    const [a, b] = [node, rig.node("b")];
    for (const each of [a, b]) each.configure(rig.conf(each, specOf({})));
    a.run(["/usr/local/lib/ha-rancher/firewall", "open"]);
    // Twice is as once.
    a.run(["/usr/local/lib/ha-rancher/firewall", "open"]);
    assert.equal(rules().match(/comment "ha-rancher"/g)?.length, 2, "one for IPv4, one for IPv6");
    b.start();
    await rig.until(() => b.holdsVip, "b to hold the VIP");
    await rig.until(
      () => /192\.168\.56\.12/.test(a.run(["nft", "list", "set", "inet", "ha_rancher", "heard4"])),
      "a to hear b",
    );
    a.start();
    await rig.until(() => a.state === "BACKUP", "a to be a backup");
    await sleep(1_500);
    assert.deepEqual(rig.holders(), ["b"], "a hears b");

    // From another address b is a stranger.
    a.configure(rig.conf(a, specOf({})).replaceAll("192.168.56.12", "192.168.56.77"));
    a.run(["/usr/local/lib/ha-rancher/firewall", "open"]);
    await rig.until(() => a.holdsVip, "a not to hear the stranger");
    await rig.stop();
    a.run(["/usr/local/lib/ha-rancher/firewall", "close"]);
    assert.doesNotMatch(rules(), /ha.rancher/);
    assert.match(rules(), /policy drop/, "what was there before is as it was");
  });

  it("what somebody else's rule drops does not count as heard", async () => {
    const b = rig.node("b");
    b.configure(rig.conf(b, specOf({})));
    node.configure(rig.conf(node, specOf({})));
    node.run(["/usr/local/lib/ha-rancher/firewall", "open"]);
    node.run(
      ["nft", "-f", "-"],
      "table ip x { chain input { type filter hook input priority 0; ip protocol 112 drop; }; }\n",
    );
    b.start();
    await rig.until(() => b.holdsVip, "b to hold the VIP");
    await sleep(1_000);
    assert.doesNotMatch(node.run(["nft", "list", "set", "inet", "ha_rancher", "heard4"]), /192\.168/);
    await rig.stop();
  });

  it("where firewalld is active, the peers are let in there, now and after a boot", () => {
    writeFileSync(join(node.folder, "run/firewalld"), "");
    program("firewall-cmd", firewallCmd);
    node.configure(good());
    const env = { PATH: "/usr/local/lib/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
    const rule = ruleFor("ipv4", "192.168.56.12") + ruleFor("ipv6", "fd00:56::12");
    for (const name of ["rules", "rules-permanent"])
      writeFileSync(join(node.folder, "run", name), 'rule family="ipv4" service name="ssh" accept\n');
    const read = (name: string): string => readFileSync(join(node.folder, "run", name), "utf8");
    for (let i = 0; i < 2; i++) node.run(["/usr/local/lib/ha-rancher/firewall", "open"], "", env);
    for (const name of ["rules", "rules-permanent"])
      assert.equal(read(name), `rule family="ipv4" service name="ssh" accept\n${rule}`);
    node.run(["/usr/local/lib/ha-rancher/firewall", "close"], "", env);
    for (const name of ["rules", "rules-permanent"])
      assert.equal(read(name), 'rule family="ipv4" service name="ssh" accept\n');
  });

  it("yield makes the node give the VIP away, and ends by itself", async () => {
    const value = (): string => readFileSync(join(node.folder, "run/ha-rancher/yield"), "utf8").trim();
    assert.equal(script("yield", ["1"]).code, 0);
    assert.equal(value(), "1");
    await rig.until(() => value() === "0", "the end of the time");
    // A second one counts anew, and 0 ends it at once.
    script("yield", ["1"]);
    script("yield", ["30"]);
    await sleep(1_500);
    assert.equal(value(), "1");
    assert.equal(script("yield", ["0"]).code, 0);
    assert.equal(value(), "0");
  });

  it("maintenance is kept in a file that lasts over a boot", () => {
    const value = (): string => readFileSync(join(node.folder, "etc/ha-rancher/maintenance"), "utf8");
    assert.equal(script("maintenance", ["on"]).code, 0);
    assert.equal(value(), "1\n");
    assert.equal(script("maintenance", ["off"]).code, 0);
    assert.equal(value(), "0\n");
    assert.equal(script("maintenance", ["perhaps"]).code, 2);
  });

  it("a notify hook gets what keepalived says, and the main instance's state is kept with its beginning", () => {
    const notify = (...args: string[]): string =>
      node.run(["/usr/local/lib/ha-rancher/vrrp-notify", ...args]);
    assert.equal(notify("INSTANCE", "ha_rancher", "MASTER", "150"), "");
    const kept = (): string => readFileSync(join(node.folder, "run/ha-rancher/vrrp"), "utf8");
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
      node.run([
        "sh",
        "-c",
        `read -r up _ </proc/uptime; echo "BACKUP ${line}" >/run/ha-rancher/vrrp
        /usr/local/lib/ha-rancher/vrrp-notify INSTANCE ha_rancher MASTER 150; cat /run/ha-rancher/vrrp`,
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
});
