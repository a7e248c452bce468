import { createHash } from "node:crypto";
import { type ArchivedFile, ustar } from "./ustar";

/*
 * What runs on nodes travels in sets: all files of one version in a folder named by the hash of its content, and a link
 * that is switched to it at once (node/host/set).
 */

/** Where sets are on a node: `sets/HASH` below it, and the links. */
export const setRoot = "/usr/local/lib/ha-rancher";

/** Files of node/ by set and folder; a set's name is its link's. `current` is on every node, `drill` only while it is drilled. */
const members = {
  current: {
    lib: ["json.bash", "service.bash", "settings.bash", "units.bash"],
    agent: [
      ...["__init__.py", "__main__.py", "announce.py", "cgroup.py", "cli.py", "cli_scripts.py", "clock.py"],
      ...["configuration.py", "container.py", "control.py", "copies.py", "copying.py"],
      ...["daemons.py", "docker.py", "events.py", "fencing.py", "files.py", "guard_dog.py"],
      ...["hands.py", "harden.py", "health.py", "health_client.py", "holders.py", "http1.py", "job.py"],
      ...["jobs.py", "keepalived_view.py", "loop.py", "mounts.py", "netlink.py", "node.py"],
      ...["orders.py", "private_socket.py", "process.py", "renewal.py", "report.py", "reset.py"],
      ...["restore.py", "run_files.py", "senses.py", "setup.py", "shared_data.py", "show.py"],
      ...["status.py", "stop.py", "storage_view.py", "systemd.py", "take_back.py"],
      ...["taking_back.py", "track.py", "units_view.py", "version.py", "watchdog.py", "work.py"],
    ],
    "agent/core": [
      ...["__init__.py", "actions.py", "candidate.py", "claim.py", "decide.py", "files.py"],
      ...["fitness.py", "follow.py", "killing.py", "lease.py", "leaving.py", "notes.py"],
      ...["observation.py", "owner.py", "presence.py", "record.py", "requests.py", "rest.py", "service.py"],
      ...["settings.py", "state.py", "turn.py", "types.py", "watch.py"],
    ],
    "agent/lease": [
      "__init__.py",
      "client.py",
      "deadman.py",
      "files.py",
      "lines.py",
      "process.py",
      "wire.py",
    ],
    keepalived: [
      ...["adopt", "await-address", "before-start", "firewall", "install", "look", "maintenance"],
      ...["real-time", "remove", "strip", "swap", "vrrp-notify", "yield"],
    ],
    release: ["halt", "kept", "last-words", "look", "name", "point", "take-back"],
    backup: ["archive.bash", "backup", "restore"],
    storage: ["claim", "identity", "mount-lease", "serve"],
    host: [
      ...["agent", "agent-state", "docker-user", "patient", "prepare", "set"],
      ...["start-agent", "stop-agent", "units"],
    ],
  },
  drill: { drill: ["agent.bash", "fault", "pressure.bash", "sampler"] },
} as const;

export type SetName = keyof typeof members;

export const setNames = Object.keys(members) as SetName[];

/** What others read is no program. */
const modeOf = (name: string): string => (/\.(bash|py)$/.test(name) ? "0644" : "0755");

/** The files of a set: their paths in node/, which are those in the set, and their modes. */
export const setFiles = (name: SetName): { path: string; mode: string }[] =>
  Object.entries<readonly string[]>(members[name]).flatMap(([folder, names]) =>
    names.map((each) => ({ path: `${folder}/${each}`, mode: modeOf(each) })),
  );

/**
 * Programs that are sent to where no set is: they look at a host, claim it and give it back, which is before and after
 * all files of ours; they put a set there; and they write files for a `Files` resource, which needs no set.
 */
export const bareScripts = [
  "host/look",
  "host/claim",
  "host/release",
  "host/set",
  "host/files.sh",
  "host/logs",
  "release/kept",
] as const;

export type BareScript = (typeof bareScripts)[number];

const sha = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");

/** A set, ready to travel. */
export interface PackedSet {
  /** The first 16 digits of the archive's SHA-256; the name of its folder. */
  hash: string;
  /** A tar file; all of it is UTF-8. */
  archive: string;
}

/** Packs files, with the two lists that tell whether they are whole (node/host/set). */
export function packSet(files: readonly ArchivedFile[]): PackedSet {
  const sums = files.map(({ path, content }) => `${sha(content)}  ${path}\n`);
  const modes = files.map(({ path, mode }) => `${mode.replace(/^0+/, "")} ./${path}\n`);
  const archive = ustar([
    ...files,
    { path: ".sums", mode: "0644", content: sums.join("") },
    { path: ".modes", mode: "0644", content: modes.sort().join("") },
  ]);
  return { hash: sha(archive).slice(0, 16), archive: archive.toString() };
}

/** A program's path in whatever set a link names. */
export const linkedProgram = (path: string, name: SetName = "current"): string =>
  `${setRoot}/${name}/${path}`;
