import { homedir } from "node:os";
import { join } from "node:path";

/*
 * Everything that this project keeps on the machine, outside the repository.
 * XDG base directories: what can be made again is cache, what cannot is data.
 * Functions, not constants: the environment is read when asked (tests change it).
 */

const xdg = (variable: string, fallback: string): string =>
  join(process.env[variable] || join(homedir(), fallback), "ha-rancher");

/** The folder for everything that can be made again: toolchain, plugins, boxes, images, the lab. */
export const cacheHome = (): string => xdg("XDG_CACHE_HOME", ".cache");

/** The folder for everything else: the stacks' state, the passphrase, machine folders. */
export const dataHome = (): string => xdg("XDG_DATA_HOME", join(".local", "share"));

/** PULUMI_HOME: plugins and workspaces. */
export const pulumiHome = (): string => join(cacheHome(), "pulumi");

/** The local Pulumi backend: stacks and their history. */
export const backendHome = (): string => join(dataHome(), "backend");

/** The file with the passphrase that encrypts secrets in the stacks' state; mode 0600. */
export const passphraseFile = (): string => join(dataHome(), "passphrase");

/** The passphrase that takes that one's place once all stacks have it; only while they get it. */
export const nextPassphraseFile = (): string => `${passphraseFile()}.next`;

/** Built toolchains, one folder per hash of what they are built from. */
export const toolchainHome = (): string => join(cacheHome(), "toolchain");

/** The lab's name: one lab per user, unless tests ask for their own. */
export const labName = (): string => process.env.HA_RANCHER_LAB_NAME || "lab";

/** State of the lab: sockets, disks, exports, logs. */
export const labHome = (): string => join(cacheHome(), "labs", labName());

/** Boxes, images and packages that labs share, each in a folder named by the hash of its source. */
export const artifactsHome = (): string => join(cacheHome(), "artifacts");

/** Where this machine keeps the shared data of a stack that it serves, unless the settings say it. */
export const sharedDirectoryOf = (stack: string): string => join(dataHome(), "shared", stack);
