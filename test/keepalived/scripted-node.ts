import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach } from "node:test";
import { Rig, type RigNode } from "../../drill/rig/rig";
import { nodeScriptLine } from "../../providers/remote/script";
import type { Script } from "../../providers/vip/scripts";
import { specOf } from "./spec";

/** A stand-in for systemctl that keeps what it was told in a file: states of keepalived.service. Each is logged. */
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

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What a script or program of the node runs in: a test's programs come first. */
export const environment = {
  PATH: "/usr/local/lib/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  // /var is this machine's.
  KEEPALIVED_COPY: "/run/keepalived-copy",
};

/**
 * Node `a` of a rig, with the scripts that run on a node for the floating IP. Where a test puts them, dnf, apt-get and
 * keepalived --version are stand-ins, as systemctl always is.
 */
class ScriptedNode {
  rig!: Rig;

  get node(): RigNode {
    return this.rig.node("a");
  }

  /** As if nothing had run on it. */
  clear(): void {
    for (const name of [
      ...[
        "run/log",
        "run/unit",
        "run/dies",
        "run/firewalld",
        "run/rules",
        "run/rules-permanent",
        "run/keepalived-copy",
      ],
      ...["lib/bin", "etc/keepalived", "etc/ha-rancher/vip.env"],
    ])
      rmSync(this.path(name), { recursive: true, force: true });
    mkdirSync(this.path("etc/keepalived"));
    this.node.run(["nft", "flush", "ruleset"]);
    this.program("systemctl", systemctl);
    this.node.track("yield", 0);
  }

  path(name: string): string {
    return join(this.node.folder, name);
  }

  /** Puts a program on the node's PATH, before all others. */
  program(name: string, text: string): void {
    mkdirSync(this.path("lib/bin"), { recursive: true });
    writeFileSync(this.path(`lib/bin/${name}`), text);
    chmodSync(this.path(`lib/bin/${name}`), 0o755);
  }

  /** As the provider runs it. */
  script(name: Script, args: string[] = [], input = ""): Ended {
    const { status, stdout, stderr } = spawnSync(
      ...this.node.inside("sh", "-c", nodeScriptLine({ path: `keepalived/${name}` }, args)),
      { input, encoding: "utf8", env: environment },
    );
    return { code: status, stdout, stderr };
  }

  swap(text: string, facts = this.facts()): Ended {
    return this.script("swap", [sum(text), facts], text);
  }

  /** keepalived.conf, as it is on the node. */
  file(): string {
    return readFileSync(this.path("etc/keepalived/keepalived.conf"), "utf8");
  }

  /** What the stand-ins were told. */
  log(): string {
    return existsSync(this.path("run/log")) ? readFileSync(this.path("run/log"), "utf8") : "";
  }

  rules(): string {
    return this.node.run(["nft", "list", "ruleset"]);
  }

  /** vip.env that is right for it. */
  facts(): string {
    return this.rig.facts(this.node, specOf({}));
  }

  /** A keepalived.conf that is right for it. */
  good(): string {
    return this.rig.conf(this.node, specOf({}));
  }
}

/** For a file of tests: each finds the node as if nothing had run on it. */
export function scriptedNode(): ScriptedNode {
  const on = new ScriptedNode();
  before(async () => {
    on.rig = await Rig.make();
  });
  after(() => on.rig?.end());
  beforeEach(() => on.clear());
  return on;
}
