import { sudoersLines } from "../../providers/nfs/kernel";
import { namespace } from "../../settings";
import { type Check, fault, type Subject, well } from "./check";

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

export const storageChecks: Check[] = [nfs, sudo];
