import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import type { MachineInputs } from "../../providers/vagrant/inputs";
import type { Measured } from "../../providers/vagrant/machine-handle";
import { amongOthers } from "../../providers/vagrant/service";
import { TestServer } from "./remote-server";

/** What the machine's agent says is in the file `status`; it hands over unless there is a file `stuck`. */
const sudo = `#!/bin/sh
case "$*" in
  *'host/agent status') [ -e status ] || exit 127; cat status ;;
  *'host/agent hand-over '*)
    if [ -e stuck ]; then echo 'no other node is fit' >&2; exit 1; fi
    echo "handed over" >>log
    ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
`;

const server = new TestServer("admin");
const inputs = { name: "one", owner: "project/stack/one" } as MachineInputs;
const status = (state: string, heldHere: boolean, fit = true): string =>
  JSON.stringify({ agent: { state, version: "1" }, lease: { heldHere, owner: "one" }, fit, node: "one" });

function says(text: string): void {
  writeFileSync(server.path("status"), text);
}

const log = (): string => {
  const file = server.path("log");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  rmSync(file, { force: true });
  return text;
};

/** After it the agent says `then`, and a moment later `later`. */
const restart = (then: string, later = then): Promise<Measured> =>
  amongOthers(inputs, server.endpoint, async () => {
    writeFileSync(server.path("log"), `${log()}restarted\n`);
    says(then);
    if (later !== then) setTimeout(() => says(later), 1_000);
    return { ssh: server.endpoint } as Measured;
  });

before(async () => {
  writeFileSync(server.path("bin/sudo"), sudo);
  chmodSync(server.path("bin/sudo"), 0o755);
  await server.start();
});
after(() => server.stop());

test("a machine that serves hands over before it restarts, and is waited for until its agent finds it fit", async () => {
  says(status("active", true));
  await restart(status("begin", false), status("standby", false));
  assert.match(
    readFileSync(server.path("status"), "utf8"),
    /standby/,
    "an agent that has only begun says nothing yet",
  );
  assert.equal(log(), "handed over\nrestarted\n");
});

test("a standby just restarts, and so does a machine without an agent", async () => {
  says(status("standby", false));
  await restart(status("standby", false));
  assert.equal(log(), "restarted\n");
  for (const text of ["no JSON", "{}", status("stopped", false, false)]) {
    says(text);
    await restart(text);
    assert.equal(log(), "restarted\n");
  }
});

test("what keeps it from handing over is told, and it is not restarted", async () => {
  says(status("active", true));
  writeFileSync(server.path("stuck"), "");
  await assert.rejects(restart(""), /one was not restarted, .* cannot hand over: no other node is fit/);
  assert.equal(log(), "");
});
