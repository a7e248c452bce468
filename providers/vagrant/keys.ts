import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface KeyPair {
  /** OpenSSH form, unencrypted. */
  privateKey: string;
  /** One line of authorized_keys: type, base64, comment. */
  publicKey: string;
}

/** Milliseconds for a key; a busy machine takes one hundredth of it. */
const patience = 30_000;

/**
 * A new ed25519 key pair, made by OpenSSH's `ssh-keygen` in a folder of this user's own that is gone afterwards.
 * Not by Node: a garbage collection while it exports a key that it has just made stops Node 20 for good. Not by ssh2:
 * it drops a byte of about every hundredth key ("Malformed OpenSSH private key").
 *
 * @throws if there is no `ssh-keygen`, or it fails
 */
export function newKeyPair(comment: string): KeyPair {
  // mkdtemp's folders have mode 0700, so that nobody else reads the key at any moment.
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-key-"));
  try {
    const file = join(folder, "key");
    const args = ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file];
    const { error, status, signal, stderr } = spawnSync("ssh-keygen", args, {
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
