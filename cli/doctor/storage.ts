import { homedir } from "node:os";
import { environmentOf } from "../../domain/environment";
import { sharedDirectoryOf } from "../../local/paths";
import { sudoersLines } from "../../providers/nfs/kernel";
import { namespace } from "../../settings";
import { type Check, fault, remark, type Subject, well } from "./check";

/** Whether this machine's kernel serves the shared directory. In the lab it does not: the lab has its own server. */
const servedHere = ({ settings, inLab }: Subject): boolean => settings?.storage === "host" && !inLab;

const exportName = (stack: string): string => `${namespace}-${stack}`;

const nfs: Check = {
  name: "nfs",
  beforeUp: true,
  look(subject) {
    const { machine } = subject;
    if (!servedHere(subject)) return [];
    if (machine.platform !== "linux")
      return fault(
        `The shared directory is served by this machine's kernel, which works on Linux only, and this is ${machine.platform}`,
        "run this on Linux",
      );
    const install = "apt-get install nfs-kernel-server  (Fedora, Rocky: dnf install nfs-utils)";
    const hasTools =
      ["/usr/sbin/exportfs", "/sbin/exportfs"].some(machine.exists) || machine.program("exportfs");
    if (!hasTools) return fault("There is no NFS server here: `exportfs` is missing", install);
    const threads = Number(machine.text("/proc/fs/nfsd/threads")?.trim() ?? 0);
    if (threads > 0) return well(`The kernel's NFS server runs with ${threads} threads`);
    const canServe = /\bnfsd$/m.test(machine.text("/proc/filesystems") ?? "");
    return fault(
      canServe
        ? "The kernel's NFS server does not run"
        : "The kernel has no NFS server (nfsd) loaded, and nothing serves the shared directory",
      canServe ? "systemctl enable --now nfs-server" : "modprobe nfsd && systemctl enable --now nfs-server",
    );
  },
};

/** File systems that hold more than shared data; the root's is one, too. */
const systems = ["/bin", "/boot", "/etc", "/home", "/lib", "/opt", "/root", "/usr", "/var"];

/** The mount point of the file system that a path is on, from the text of /proc/self/mountinfo; `/` if it says nothing. */
function mountPointOf(path: string, table: string): string {
  const points = table.split("\n").map((line) => (line.split(" ")[4] ?? "").replaceAll("\\040", " "));
  const isAbove = (point: string): boolean => point === "/" || `${path}/`.startsWith(`${point}/`);
  return points.filter((point) => point && isAbove(point)).sort((a, b) => b.length - a.length)[0] ?? "/";
}

/** The kernel lets whoever is root on a node reach all of the file system that an exported directory is on. */
const ownFileSystem: Check = {
  name: "export",
  beforeUp: true,
  look(subject) {
    const { machine, settings, stack } = subject;
    if (!settings || !servedHere(subject) || machine.platform !== "linux") return [];
    const directory = settings.sharedDirectory ?? sharedDirectoryOf(stack);
    const point = mountPointOf(directory, machine.text("/proc/self/mountinfo") ?? "");
    const holdsMore =
      point === "/" || [homedir(), ...systems].some((place) => `${place}/`.startsWith(`${point}/`));
    if (!holdsMore) return well(`The shared directory is on a file system of its own, ${point}`);
    const meaning = `The shared directory ${directory} is on the file system of ${point}: root on a node, as which Rancher's container runs, can read and write all of it, since file handles of NFS can be forged`;
    const size = "20G";
    const mend = [
      "`storage: machine` or `storage: server`; or give it a file system of its own:",
      `sudo truncate -s ${size} /var/lib/ha-rancher-${stack}.img && sudo mkfs.xfs /var/lib/ha-rancher-${stack}.img`,
      `echo '/var/lib/ha-rancher-${stack}.img ${directory} xfs loop,nosuid,nodev,noexec 0 0' | sudo tee -a /etc/fstab`,
      `sudo mkdir -p ${directory} && sudo mount ${directory} && sudo chown ${machine.user} ${directory}`,
    ].join("\n");
    const isProd = environmentOf(stack, settings.environment, settings.nodes) === "prod";
    return (isProd ? fault : remark)(meaning, mend);
  },
};

const sudo: Check = {
  name: "sudo",
  beforeUp: true,
  async look(subject) {
    const { machine, stack } = subject;
    if (machine.isRoot) return well("This is root: no sudo is needed");
    if (!servedHere(subject)) return []; // The lab reports this itself.
    const wanted = sudoersLines(exportName(stack), machine.user);
    const mend = `sudo visudo -f /etc/sudoers.d/ha-rancher, and these lines:\n${wanted.map(({ line }) => line).join("\n")}`;
    if (!machine.program("sudo")) return fault("Exports need root's rights, and `sudo` is not on PATH", mend);
    for (const { words } of wanted) {
      const { code } = await machine.run("sudo", "-n", "-l", ...words);
      if (code !== 0) return fault(`sudo would ask for a password for \`${words.join(" ")}\``, mend);
    }
    return well("sudo lets the export be made without a password");
  },
};

export const storageChecks: Check[] = [nfs, ownFileSystem, sudo];
