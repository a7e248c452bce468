import { appendFileSync, chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { TestServer } from "./remote-server";

/** What programs of a host answer that this machine need not have, as scripts. */
const programs: Record<string, string> = {
  systemctl: '[ "$1" = show ]',
  modprobe: "exit 0",
  getent: 'grep -qx "$2" "$HOST_GROUPS"',
  groupadd: 'echo "$2" >> "$HOST_GROUPS"; echo "groupadd $*" >> "$HOST_LOG"',
  groupdel: 'echo "groupdel $*" >> "$HOST_LOG"',
  usermod: 'echo "usermod $*" >> "$HOST_LOG"; echo docker >> "$HOST_MEMBER"',
  gpasswd: 'echo "gpasswd $*" >> "$HOST_LOG"; rm -f "$HOST_MEMBER"',
  id: 'echo "people $(cat "$HOST_MEMBER" 2>/dev/null)"',
};

/** A {@link TestServer} that is a host fit to be a node at 127.0.0.1, and what `claim` and `release` did there. */
export class TestHost {
  readonly server = new TestServer("admin");

  async start(): Promise<this> {
    for (const [name, script] of Object.entries(programs)) this.program(name, script);
    process.env.HA_RANCHER_RECORD = this.record;
    process.env.HOST_LOG = this.server.path("log");
    process.env.HOST_GROUPS = this.server.path("groups");
    process.env.HOST_MEMBER = this.server.path("member");
    for (const name of ["log", "groups"]) writeFileSync(this.server.path(name), "");
    await this.server.start();
    return this;
  }

  /** Lets a program of the host behave differently. */
  program(name: string, script: string): void {
    const file = this.server.path(`bin/${name}`);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** Gives a program its first behaviour back, or takes it away. */
  restore(name: string): void {
    const script = programs[name];
    if (script === undefined) rmSync(this.server.path(`bin/${name}`));
    else this.program(name, script);
  }

  /** The file that says whose the host is. */
  get record(): string {
    return this.server.path("record/host");
  }

  get owner(): string {
    return existsSync(this.record)
      ? (/^owner (.*)$/m.exec(readFileSync(this.record, "utf8"))?.[1] ?? "")
      : "";
  }

  /** What users and groups were changed since the last time. */
  takeLog(): string[] {
    const lines = readFileSync(this.server.path("log"), "utf8").split("\n").filter(Boolean);
    writeFileSync(this.server.path("log"), "");
    return lines;
  }

  addGroup(name: string): void {
    appendFileSync(this.server.path("groups"), `${name}\n`);
  }

  async stop(): Promise<void> {
    for (const name of ["HA_RANCHER_RECORD", "HOST_LOG", "HOST_GROUPS", "HOST_MEMBER"])
      delete process.env[name];
    await this.server.stop();
  }
}
