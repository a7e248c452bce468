import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { RunError } from "../../local/run";
import { interfaceOf } from "../../providers/vagrant/contact";
import { explained, explainedRunError, vagrantsError } from "../../providers/vagrant/errors";
import { parseRows, shownText, stateOf } from "../../providers/vagrant/machine-readable";
import { machineInputs } from "./vagrant-fixture";

const inputs = machineInputs({
  name: "one",
  directory: "/machines/one",
  libvirt: { uri: "qemu:///system?socket=/lab/sock" },
});

/** As Vagrant 2.3.4 with vagrant-libvirt 0.11.2 prints it, with a warning of Ruby's in between. */
const statusOutput = `1795354836,one,metadata,provider,libvirt
/usr/lib/ruby/vendor_ruby/x.rb:12: warning: method redefined, discarding old one
1795354837,,ui,info,Current machine states:\\n\\none   running (libvirt)
1795354837,one,provider-name,libvirt
1795354837,one,state,shutoff
1795354837,one,state-human-short,shutoff
1795354837,one,state-human-long,The Libvirt domain is not running. Run \`vagrant up\`%!(VAGRANT_COMMA) then.
1795354837,,something-new,1,2,3
1795354838,two,state,running`;

describe("rows of vagrant --machine-readable", () => {
  it("are read among other output, known or not", () => {
    const rows = parseRows(statusOutput);
    assert.equal(rows.length, 8);
    assert.equal(stateOf(rows, "one"), "shutoff");
    assert.equal(stateOf(rows, "two"), "running");
    assert.equal(stateOf(rows, "three"), undefined);
    assert.deepEqual(rows[5]?.data, ["The Libvirt domain is not running. Run `vagrant up`, then."]);
    assert.deepEqual(shownText(rows), ["Current machine states:\n\none   running (libvirt)"]);
    assert.deepEqual(parseRows(statusOutput.replace(/\n/g, "\r\n")), rows);
  });

  it("give back any data that was written by Vagrant's rules", () => {
    // A backslash before n or r cannot be told from an escape: Vagrant does not write it otherwise.
    const data = fc.string({ unit: "binary" }).filter((text) => !/\\[nr]/.test(text));
    fc.assert(
      fc.property(fc.array(data, { minLength: 1 }), (texts) => {
        const written = texts.map((text) =>
          text.replace(/,/g, "%!(VAGRANT_COMMA)").replace(/\n/g, "\\n").replace(/\r/g, "\\r"),
        );
        assert.deepEqual(parseRows(`17,one,type,${written.join(",")}\n`), [
          { target: "one", type: "type", data: texts },
        ]);
      }),
    );
  });

  it("never fail, whatever is printed", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseRows(text)));
  });
});

const ended = (stdout: string, stderr = "") => ({ code: 1, stdout, stderr });
const exit = (kind: string, message: string): string =>
  `17,,ui,error,${message}\n17,,error-exit,${kind},${message}\n`;

describe("what is said when Vagrant fails", () => {
  it("has Vagrant's own words, its kind of error, and what came before", async () => {
    const result = ended(
      `17,,ui,detail,E: no such package\n${exit("Vagrant::Errors::VagrantError", "The SSH command")}`,
    );
    const { message } = await explained("up", inputs, result);
    assert.match(message, /^`vagrant up` of one failed \(VagrantError\):\nThe SSH command\n/);
    assert.match(message, /E: no such package/);
    assert.match(message, /\/machines\/one/);
  });

  it("has the end of the error output when there are no rows", () => {
    assert.deepEqual(vagrantsError(ended("", "a\nb: No such file\n")), {
      kind: "",
      text: "a\nb: No such file",
    });
  });

  it("tells how to go on when libvirt cannot be reached", async () => {
    const kind = "VagrantPlugins::ProviderLibvirt::Errors::FogLibvirtConnectionError";
    const { message } = await explained("destroy", inputs, ended(exit(kind, "Error while connecting")));
    assert.match(message, /libvirt cannot be reached \(qemu:\/\/\/system\?socket=\/lab\/sock\)\. Start it/);
    assert.match(message, /stays in the stack's state/);
  });

  it("names the process that has Vagrant's lock", async (t) => {
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "vagrant-lock-")));
    const holder = spawn("sleep", ["60"], { cwd: directory, argv0: "vagrant", stdio: "ignore" });
    t.after(() => {
      holder.kill("SIGKILL");
      rmSync(directory, { recursive: true });
    });
    await new Promise((resolve) => holder.once("spawn", resolve));
    const kind = "Vagrant::Errors::MachineActionLockedError";
    const { message } = await explained(
      "up",
      { ...inputs, directory },
      ended(exit(kind, "An action 'up' was")),
    );
    assert.match(
      message,
      new RegExp(`another Vagrant command works on one at the moment: process ${holder.pid} `),
    );
  });

  it("names the time limit that was too short", () => {
    const error = new RunError(
      "`vagrant up one` took longer than 600 s and was ended",
      ended("17,,ui,info,Waiting\n"),
    );
    const { message } = explainedRunError("up", inputs, "timeouts.up", error);
    assert.match(message, /took longer than `timeouts\.up` allows/);
    assert.match(message, /The last it said:\nWaiting$/);
  });

  it("tells what to install when there is no Vagrant", () => {
    const error = new RunError("`vagrant` cannot be started: spawn vagrant ENOENT", {
      ...ended(""),
      code: 127,
    });
    assert.match(explainedRunError("up", inputs, "timeouts.up", error).message, /install Vagrant/);
  });
});

describe("the interface that carries an address", () => {
  const output = `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 192.168.121.5/24 metric 100 brd 192.168.121.255 scope global dynamic eth0\\       valid_lft 3571sec
3: eth1    inet 192.168.56.11/24 brd 192.168.56.255 scope global eth1\\       valid_lft forever preferred_lft forever
3: eth1    inet 192.168.56.10/32 scope global eth1:vip\\       valid_lft forever preferred_lft forever
4: wlan0@if7    inet 10.0.0.9/8 scope global wlan0\\       valid_lft forever`;
  const rows: [string, string | undefined][] = [
    ["192.168.56.11/24", "eth1"],
    ["192.168.121.5/24", "eth0"],
    ["10.0.0.9/8", "wlan0"],
    ["192.168.56.1/24", undefined],
    ["192.168.56.11/16", undefined],
  ];
  for (const [address, name] of rows)
    it(`${address}: ${name}`, () => assert.equal(interfaceOf(output, address), name));
});
