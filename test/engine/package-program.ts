import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Password } from "ha-rancher/providers/password";
import { Files, type SshEndpoint } from "ha-rancher/providers/remote";

/** A user's program, with two resources that need no machine: a password, and a file that has it, on the node of node.json. */
const { ssh, path, owner } = JSON.parse(readFileSync(join(process.cwd(), "node.json"), "utf8")) as {
  ssh: SshEndpoint;
  path: string;
  owner: string;
};

const password = new Password("first-login", { length: 16 });
new Files("login", { ssh, files: { [path]: { content: password.value, owner, mode: "0600" } } });

export const { value } = password;
