import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { type Mistake, mistake } from "../domain/mistake";
import { isUsableKey } from "../domain/private-key";
import { isEncrypted } from "./encrypted";
import type { HostSettings } from "./hosts";
import type { Rule } from "./values";

/** Where a key's file is on this machine; `~/` is the home of whoever runs this. */
export const keyPath = (keyFile: string): string =>
  keyFile.startsWith("~/") ? join(homedir(), keyFile.slice(2)) : keyFile;

const withoutPassphrase = "must be a private key without a passphrase, in OpenSSH or PEM form";

function ofFile(path: string, file: string): Mistake | undefined {
  const is = (rule: string, wayOut: string): Mistake => mistake(path, `(${file}) ${rule}`, wayOut);
  let key: string;
  try {
    key = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT"
      ? is("does not exist", "name the file of a private key on this machine")
      : is(`cannot be read (${code})`, "run this as the user whose key it is");
  }
  if (!isUsableKey(key)) return is(withoutPassphrase, "what runs unattended has nobody to ask");
  // What ssh itself refuses, which the connection to Docker is made with.
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0)
    return is("is open to other users, and ssh refuses such a key", `\`chmod 600 ${file}\``);
  return undefined;
}

/** Mistakes of the hosts' private keys, those in files too. */
export function keyMistakes(nodes: readonly { host?: HostSettings | undefined }[]): Mistake[] {
  return nodes.flatMap(({ host }, i) => {
    const { keyFile, privateKey } = host ?? {};
    const path = `nodes[${i}].host`;
    const wrong = keyFile === undefined ? undefined : ofFile(`${path}.keyFile`, keyPath(keyFile));
    if (wrong) return [wrong];
    return privateKey === undefined || isEncrypted(privateKey) || isUsableKey(privateKey)
      ? []
      : [mistake(`${path}.privateKey`, withoutPassphrase)];
  });
}

/** What the hosts' private keys must keep to on the machine that logs in with them. */
export const keyRules: Rule<{ nodes: { host?: HostSettings | undefined }[] }>[] = [
  {
    of: ["nodes[].host.keyFile", "nodes[].host.privateKey"],
    each: true,
    check: ({ nodes }) => keyMistakes(nodes),
  },
];
