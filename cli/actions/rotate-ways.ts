import { callOn } from "../../local/called";

/** How a secret is changed that this program cannot change, or must not. */
type Way = (stack: string) => string;

const inFile =
  (setting: string, first: string, last: string): Way =>
  (stack) =>
    `\`${setting}\` is yours. ${first}, then \`pulumi config set --secret --path 'ha-rancher:${setting}'\` in \`${callOn(stack, "shell")}\`, then \`${callOn(stack, "up")}\`; ${last}`;

/** The secrets that are not this program's to change, by the names that docs/security.md has for them. */
const ways: Readonly<Record<string, Way>> = {
  "bootstrap-password": () =>
    "Rancher takes the bootstrap password when its data is new, and from then on it is its administrator's, whom only Rancher knows: whether it was changed there cannot be seen from here, and another one here would change nothing but restart the container. So change it in Rancher; where nobody can log in any more, `docker exec CONTAINER reset-password` on the node that serves prints a new one. New data gets a new one: that is `down` with `--purge-data`, and `up`",
  "fencing.sshKey": inFile(
    "fencing.sshKey",
    "Make a key (`ssh-keygen -t ed25519`) and let it in where the fence agent logs in, beside the present one",
    "then take the former one off there",
  ),
  "fencing.options": inFile(
    "fencing.options",
    "Change the password where the fence agent logs in",
    "until then no node can be fenced, so be quick",
  ),
  "registryLogin.password": inFile(
    "registryLogin.password",
    "Make another password or token at the registry",
    "then withdraw the former one there",
  ),
  "tls.key": inFile(
    "tls.key",
    "Have a certificate made for a new key, and set `tls.certificate` to it",
    "then have the former certificate withdrawn",
  ),
  extraEnvironment: inFile("extraEnvironment", "Change the value where it is made", "the container restarts"),
};

/** Names of secrets, beside those of machines. */
export const secretNames: readonly string[] = ["passphrase", ...Object.keys(ways)];

/** How a secret is changed that is not this program's to change; undefined: it is none of those. */
export const wayOf = (name: string, stack: string): string | undefined =>
  Object.hasOwn(ways, name) ? ways[name]?.(stack) : undefined;
