import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { TestContext } from "node:test";
import type { KnownNode, KnownStack } from "../../stack/known-stack";
import { putScript } from "./cli-support";
import { TestServer } from "./remote-server";
import { serving, waiting } from "./reported-nodes";

/** A node whose agent is a script: it notes what it is told, and answers `status` with a file. */
class AgentNode {
  readonly server = new TestServer();

  constructor(
    readonly name: string,
    status: object,
    private readonly log: string,
  ) {
    this.status = status;
    // What the agent does, without time to pass: one that is told to stop, or banned, hands over.
    putScript(this.server.path("bin/agent"), [
      `cd ${this.server.directory} || exit`,
      `[[ $1 == status ]] || echo "${name}: $*" >>${log}`,
      "if [[ -e refusal ]]; then cat refusal >&2; exit 1; fi",
      "case $1 in",
      "  status) cat status.json ;;",
      "  halt | ban) if [[ -e after.json ]]; then mv after.json status.json; fi ;;",
      "  pause) echo 'noted for the next agent: no socket' >&2 ;;",
      "esac",
    ]);
    putScript(this.server.path("bin/sudo"), [
      "[[ $1 == -n && $2 == /usr/local/lib/ha-rancher/current/host/agent ]] || exit 99",
      "shift 2",
      'exec agent "$@"',
    ]);
  }

  set status(status: object) {
    writeFileSync(this.server.path("status.json"), JSON.stringify(status));
  }

  /** What it is once it was told to stop or was banned. */
  set after(status: object) {
    writeFileSync(this.server.path("after.json"), JSON.stringify(status));
  }

  /** It refuses every order, and says why. */
  refuses(words: string): void {
    writeFileSync(this.server.path("refusal"), words);
  }

  /** From now on another machine answers at its address: the login fails at once. */
  isReplaced = false;

  get known(): KnownNode {
    const { host, port, user, keyFile, knownHostsFile, ...endpoint } = this.server.endpoint;
    const hostKey = this.isReplaced ? `${endpoint.hostKey.slice(0, -4)}AAAA` : endpoint.hostKey;
    return { name: this.name, address: host, host, port, user, keyFile, knownHostsFile, hostKey };
  }

  /** All that agents were told so far, in order: `a: pause a reason`. */
  get told(): string[] {
    return existsSync(this.log) ? readFileSync(this.log, "utf8").split("\n").slice(0, -1) : [];
  }
}

/** A stack of three nodes: `a` serves, `b` and `c` wait. They are stopped after the test. */
export async function agentStack(
  t: TestContext,
  log: string,
): Promise<{ known: KnownStack; a: AgentNode; b: AgentNode; c: AgentNode; told: () => string[] }> {
  const [a, b, c] = [
    new AgentNode("a", serving, log),
    new AgentNode("b", waiting, log),
    new AgentNode("c", waiting, log),
  ];
  a.after = { ...serving, ...{ lease: { heldHere: false }, container: { state: "exited" }, mounts: {} } };
  for (const node of [a, b, c]) {
    await node.server.start();
    t.after(() => node.server.stop());
  }
  const known: KnownStack = {
    ...{ vip: "10.0.0.100", url: "https://127.0.0.1:9", answers: { path: "/ping", body: "pong" } },
    get nodes() {
      return [a, b, c].map((node) => node.known);
    },
  };
  return { known, a, b, c, told: () => a.told };
}
