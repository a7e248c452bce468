import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { passedOn } from "../../local/child-environment";

export interface KeyPair {
  /** OpenSSH form, unencrypted. */
  privateKey: string;
  /** One line of authorized_keys: type, base64, comment. */
  publicKey: string;
}

/** Milliseconds for a key; a busy machine takes one hundredth of it. */
const patience = 30_000;

/**
 * Makes a new ed25519 key pair with OpenSSH's `ssh-keygen`, in a temporary folder of this user. Node cannot make it: a
 * garbage collection during the export of a new key stops Node 20 for good. ssh2 cannot, either: it drops a byte of
 * about every hundredth key ("Malformed OpenSSH private key").
 *
 * @throws if there is no `ssh-keygen`, or it fails
 */
export function newKeyPair(comment: string): KeyPair {
  // Folders of mkdtemp have mode 0700, so nobody else can ever read the key.
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-key-"));
  try {
    const file = join(folder, "key");
    const args = ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file];
    const { error, status, signal, stderr } = spawnSync("ssh-keygen", args, {
      env: passedOn(process.env),
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
      timeout: patience,
    });
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT")
      throw new Error("`ssh-keygen` is not on PATH, and SSH keys are made with it: install OpenSSH's client");
    if (status !== 0)
      throw new Error(
        `\`ssh-keygen\` made no key: ${stderr.trim() || signal || `it ended with code ${status}`}`,
      );
    return {
      privateKey: readFileSync(file, "utf8"),
      publicKey: readFileSync(`${file}.pub`, "utf8").trimEnd(),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
