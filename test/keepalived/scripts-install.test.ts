import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { nodeScriptLine } from "../../providers/remote/script";
import { parseInstall } from "../../providers/vip/keepalived-provider";
import { scriptedNode } from "./scripted-node";

const on = scriptedNode();

it("install does nothing where all is there, and refuses what is too old", () => {
  on.program("apt-get", "#!/bin/sh\nexit 1\n");
  const there = on.script("install", ["2.1.5"]);
  assert.equal(there.code, 0, there.stderr);
  assert.deepEqual(parseInstall(there.stdout).installed, []);
  on.program("keepalived", "#!/bin/sh\necho 'Keepalived v2.0.19 (01/16,2022)' >&2\n");
  const old = on.script("install", ["2.1.5"]);
  assert.equal(old.code, 1);
  assert.match(old.stderr, /2\.0\.19 is too old: at least 2\.1\.5 is needed/);
  assert.throws(() => parseInstall("nonsense"), /printed no JSON: nonsense/);
});

for (const manager of ["apt-get", "dnf"])
  it(`install takes what is missing from ${manager}`, () => {
    // A system with nothing but the programs that the script needs.
    for (const name of ["bash", "sed", "sort", "head", "chmod", "cat", "env", "dirname", "readlink"])
      on.program(name, `#!/bin/sh\nexec /usr/bin/${name} "$@"\n`);
    const keepalived = "#!/bin/sh\\necho Keepalived v2.2.8 >&2\\n";
    const add = [
      `printf '${keepalived}' >/usr/local/lib/bin/keepalived`,
      "printf '' >/usr/local/lib/bin/nft",
      "chmod 755 /usr/local/lib/bin/keepalived /usr/local/lib/bin/nft",
    ].join("; ");
    on.program(
      manager,
      `#!/usr/bin/bash\necho "${manager} $*" >>/run/log\ncase $* in *install*) ${add} ;; esac\n`,
    );
    on.program("sh", '#!/usr/bin/sh\nexec /usr/bin/sh "$@"\n');
    const line = nodeScriptLine({ path: "keepalived/install" }, ["2.1.5"]);
    // The script adds /usr/sbin to its PATH: hide this machine's keepalived there.
    const hide = `mount -t tmpfs none /usr/sbin; PATH=/usr/local/lib/bin; ${line}`;
    const { status, stdout, stderr } = spawnSync(
      ...on.node.inside("unshare", "--mount", "/usr/bin/sh", "-c", hide.replace("mount", "/usr/bin/mount")),
      { encoding: "utf8" },
    );
    assert.equal(status, 0, stderr);
    assert.deepEqual(parseInstall(stdout), { version: "2.2.8", installed: ["keepalived", "nftables"] });
    assert.match(on.log(), new RegExp(`^${manager} install -y -q .*keepalived nftables$`, "m"));
  });
