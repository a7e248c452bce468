import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { backendHome, cacheHome, passphraseFile, pulumiHome } from "../paths";
import { loggedInTo, userCredentials } from "../pulumi/credentials";
import type { Toolchain } from "./toolchain";

/** Where the stacks' state is kept. */
export interface Backend {
  url: string;
  /** Whether it consists of files of this machine, which need no network and can be read without the CLI. */
  local: boolean;
  /** The backend that the user is logged in to and that is not used, since the lab has no network. */
  notUsed?: string;
}

const isLocal = (url: string): boolean => url.startsWith("file://");

/**
 * The backend for this run: `PULUMI_BACKEND_URL` if it is set, else the one that the user is logged in to, else
 * files in {@link backendHome}.
 *
 * @param offline Pulumi runs in the lab, where only files can be reached
 * @throws Error if `PULUMI_BACKEND_URL` names a backend that cannot be reached from the lab
 */
export function chooseBackend(offline: boolean): Backend {
  const own: Backend = { url: `file://${backendHome()}`, local: true };
  const named = process.env.PULUMI_BACKEND_URL;
  if (named) {
    if (offline && !isLocal(named)) {
      throw new Error(
        `\`PULUMI_BACKEND_URL\` is ${named}, and the lab has no network: unset it to keep the state in local files`,
      );
    }
    return { url: named, local: isLocal(named) };
  }
  const login = loggedInTo();
  if (!login) return own;
  if (offline && !isLocal(login)) return { ...own, notUsed: login };
  return { url: login, local: isLocal(login) };
}

/** Makes the passphrase of the local secrets provider, once. The file gets its name when it is complete. */
function ensurePassphrase(): string {
  const file = passphraseFile();
  if (existsSync(file)) return file;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  try {
    linkSync(fresh, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // Another process was faster.
  } finally {
    rmSync(fresh, { force: true });
  }
  return file;
}

/**
 * The user's variables that the official plugins take in place of what the program says: with DOCKER_CONTEXT all nodes'
 * containers would be made on one engine, and with SSH_AUTH_SOCK a user's keys offered to every node.
 */
const misleading = /^(DOCKER_.*|SSH_AUTH_SOCK)$/;

/**
 * The environment for `pulumi` and all that it starts: this process's own, with the toolchain first on PATH,
 * our PULUMI_HOME, the backend and the passphrase.
 *
 * @param overrides variables that win over all of that; with `HA_RANCHER_LAB` in it (or in this process's
 *   environment) Pulumi runs in the lab, without a network
 */
export function pulumiEnvironment(
  toolchain: Toolchain,
  overrides: NodeJS.ProcessEnv = {},
): NodeJS.ProcessEnv {
  const offline = Boolean(overrides.HA_RANCHER_LAB ?? process.env.HA_RANCHER_LAB);
  const backend = chooseBackend(offline);
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: withFirst(toolchain.bin, process.env.PATH ?? ""),
    PULUMI_HOME: pulumiHome(),
    PULUMI_BACKEND_URL: backend.url,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // Node 22 and later keep what they compiled: a third less for each of the processes that Pulumi starts.
    NODE_COMPILE_CACHE: join(cacheHome(), "node"),
    // The salt that belongs to the passphrase is in the state too: stack files need not have it.
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
  };
  mkdirSync(pulumiHome(), { recursive: true });
  if (backend.url === `file://${backendHome()}`) mkdirSync(backendHome(), { recursive: true, mode: 0o700 });
  // By default the logins are in PULUMI_HOME, which is ours here, and not the user's.
  if (!backend.local) environment.PULUMI_CREDENTIALS_PATH = dirname(userCredentials());
  // An empty PULUMI_CONFIG_PASSPHRASE is a passphrase, too.
  if (process.env.PULUMI_CONFIG_PASSPHRASE === undefined && !process.env.PULUMI_CONFIG_PASSPHRASE_FILE) {
    environment.PULUMI_CONFIG_PASSPHRASE_FILE = ensurePassphrase();
  }
  for (const name of Object.keys(environment)) if (misleading.test(name)) delete environment[name];
  if (offline) environment.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
  return { ...environment, ...overrides };
}

const withFirst = (folder: string, path: string): string =>
  [folder, ...path.split(delimiter).filter((other) => other !== folder)].join(delimiter);
