/** Name of the provisioner that gives a machine its host name and its key: `vagrant provision --provision-with`. */
export const identityProvisioner = "identity";

/** A POSIX shell word with exactly this text. */
const shellWord = (text: string): string => `'${text.replace(/'/g, "'\\''")}'`;

/** What the first provisioner sets. */
export interface Naming {
  hostname: string;
  user: string;
  /** A line of authorized_keys; undefined: the box's keys stay as they are. */
  publicKey: string | undefined;
  /** True to keep other keys: those of an adopted machine belong to its owner. */
  keepKeys: boolean;
  /** Lines that set the machine's networks, if Vagrant does not. */
  network: readonly string[];
}

/** Replaces the well-known insecure key, or all keys, by the machine's own. */
function keyLines({ user, publicKey, keepKeys }: Naming): string[] {
  if (publicKey === undefined) return [];
  const key = shellWord(publicKey);
  const others = keepKeys
    ? `touch "$keys"; grep -vF -e ${key} -e 'vagrant insecure public key' "$keys" || true; `
    : "";
  return [
    `home=$(getent passwd ${shellWord(user)} | cut -d: -f6)`,
    'mkdir -p "$home/.ssh"',
    'keys="$home/.ssh/authorized_keys"',
    `{ ${others}printf '%s\\n' ${key}; } > "$keys.new"`,
    `chown ${shellWord(user)}: "$home/.ssh" "$keys.new"`,
    'chmod 700 "$home/.ssh"',
    'chmod 600 "$keys.new"',
    'mv -f "$keys.new" "$keys"',
  ];
}

/**
 * Sets the host name, the key, and the networks if they are given. (Vagrant's own `vm.hostname` takes 20 s under
 * emulation.) It may run again at any time. `/etc/hosts` is written in place, since it is a mount in containers; there
 * the name is set already.
 */
export function identityScript(naming: Naming): string {
  return [
    "set -eu",
    `name=${shellWord(naming.hostname)}`,
    'if [ "$(hostname)" != "$name" ]; then',
    "  printf '%s\\n' \"$name\" > /etc/hostname",
    '  hostname "$name"',
    "fi",
    "hosts=$(sed '/^127\\.0\\.1\\.1[[:space:]]/d' /etc/hosts)",
    'printf \'%s\\n127.0.1.1 %s\\n\' "$hosts" "$name" > /etc/hosts',
    ...keyLines(naming),
    ...naming.network,
    "",
  ].join("\n");
}

/**
 * Gives the user who runs it one key to be known by, and takes another away; all others stay as they are. It may run again at any
 * time, and be killed at any: the file is replaced at once, and as a whole.
 *
 * @param key a line of authorized_keys
 * @param former type and base64 of the key to take away; undefined: none
 */
export function authorizedKeyScript(key: string, former?: string): string {
  const blobs = [key, ...(former ? [former] : [])].map((line) => shellWord(line.split(" ")[1] ?? ""));
  return [
    "set -eu",
    "umask 077",
    'mkdir -p "$HOME/.ssh"',
    'keys="$HOME/.ssh/authorized_keys"',
    '[ -e "$keys" ] || : > "$keys"',
    // 1: no other line is left. Any other end is a file that cannot be read, and would be lost here.
    `{ grep -vF ${blobs.map((blob) => `-e ${blob}`).join(" ")} "$keys" || [ $? -eq 1 ]; printf '%s\\n' ${shellWord(key)}; } > "$keys.new"`,
    'sync "$keys.new" 2>/dev/null || sync',
    'mv -f "$keys.new" "$keys"',
    "",
  ].join("\n");
}
