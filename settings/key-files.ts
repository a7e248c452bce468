import { readFileSync, statSync } from "node:fs";
import { isUsableKey } from "../providers/vagrant/keys";
import type { NodeSettings } from ".";
import { encrypted } from "./hosts";

function mistakeOf(file: string): string | undefined {
  let key: string;
  try {
    key = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT"
      ? "does not exist: name the file of a private key on this machine"
      : `cannot be read (${code}): run this as the user whose key it is`;
  }
  if (!isUsableKey(key))
    return "must be a private key without a passphrase, in OpenSSH or PEM form: what runs unattended has nobody to ask";
  // What ssh itself refuses, which the connection to Docker is made with.
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0)
    return `is open to other users, and ssh refuses such a key: \`chmod 600 ${file}\``;
  return undefined;
}

/** Mistakes of the hosts' private keys, those in files too. */
export function keyMistakes(nodes: NodeSettings[]): string[] {
  return nodes.flatMap(({ host }, i) => {
    const { keyFile, privateKey } = host ?? {};
    const wrong = keyFile === undefined ? undefined : mistakeOf(keyFile);
    if (wrong) return [`\`nodes[${i}].host.keyFile\` (${keyFile}) ${wrong}`];
    return privateKey === undefined || privateKey === encrypted || isUsableKey(privateKey)
      ? []
      : [
          `\`nodes[${i}].host.privateKey\` must be a private key without a passphrase, in OpenSSH or PEM form`,
        ];
  });
}
