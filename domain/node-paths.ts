/*
 * Which directories of a machine are somebody's already: to mount or export something there would hide them, or hand them
 * to others.
 */

/** The operating system's, with all that is in them (Filesystem Hierarchy Standard 3.0, and systemd's own). */
const systems = [
  ...[
    "/bin",
    "/boot",
    "/dev",
    "/efi",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
  ],
  ...[
    "/lost+found",
    "/nix",
    "/root",
    "/snap",
    "/sysroot",
    "/tmp",
    "/usr",
    "/var/cache",
    "/var/lock",
    "/var/log",
  ],
  ...["/var/mail", "/var/run", "/var/spool", "/var/tmp", "/var/lib/dpkg", "/var/lib/nfs", "/var/lib/systemd"],
];

/** Other components', with all that is in them: Docker's, keepalived's, and what this project has on its nodes. */
const components: Record<string, string> = {
  "/var/lib/docker": "Docker's",
  "/var/lib/containerd": "Docker's",
  "/var/lib/rancher": "the container's on the node",
  "/var/lib/ha-rancher": "this project's own",
  "/rancher_lease": "this project's own, for the lease",
};

/** Directories that hold others': one in them is fine, they themselves are not. */
const shelves = ["/home", "/media", "/mnt", "/opt", "/srv", "/var", "/var/backups", "/var/lib"];

/** Whether a path is a directory, or in it. */
export const isWithin = (path: string, directory: string): boolean => `${path}/`.startsWith(`${directory}/`);

/** Whether a path has a part that leads elsewhere, or nowhere. */
export const hasDots = (path: string): boolean =>
  path.split("/").some((part) => part === "." || part === "..");

/** Whose an absolute path is, as the rest of `PATH is ...`; undefined if it is free. */
export function takenPath(path: string): string | undefined {
  const component = Object.entries(components).find(
    ([directory]) => isWithin(path, directory) || isWithin(directory, path),
  );
  if (component) return `${component[1]} (${component[0]})`;
  const system = systems.find((directory) => isWithin(path, directory));
  if (system) return `the operating system's (${system})`;
  return shelves.includes(path) ? "a directory that holds others'" : undefined;
}
