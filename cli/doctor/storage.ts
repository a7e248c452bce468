import { environmentOf } from "../../domain/environment";
import { callOn } from "../../local/called";
import { helperFile, helperHint, helperInstalled, helperWords, ofKernel } from "../../providers/nfs/images";
import { sudoersLines } from "../../providers/nfs/kernel";
import { fileSystemOf } from "../../providers/nfs/own-file-system";
import { namespace, type Settings } from "../../settings";
import { type Check, type Finding, fault, remark, type Subject, well } from "./check";
import type { ThisMachine } from "./machine";

/** Whether this machine's kernel serves the shared directory. In the lab it does not: the lab has its own server. */
const servedHere = ({ settings, inLab }: Subject): boolean =>
  settings?.storage === "host" && settings.workload !== "address" && !inLab;

const exportName = (stack: string): string => `${namespace}-${stack}`;

/** How many threads the kernel's server has. nfsd's own files are root's; of the counts everybody may know. */
const threadsOf = ({ text }: ThisMachine): number =>
  Number(
    text("/proc/fs/nfsd/threads")?.trim() ?? /^th (\d+)/m.exec(text("/proc/net/rpc/nfsd") ?? "")?.[1] ?? 0,
  );

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
    const threads = threadsOf(machine);
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

/** Seconds of lease and grace where nobody has set them: fs/nfsd/nfssvc.c. */
const kernelDefault = 90;

/** The time that the server runs with, or, for who may not read that, the one that is set for its next start. */
async function serverTime(machine: ThisMachine, name: "lease" | "grace"): Promise<number> {
  const running = machine.text(`/proc/fs/nfsd/nfsv4${name}time`);
  if (running !== undefined) return Number(running);
  const set = await machine.run("nfsconf", "--get", "nfsd", `${name}-time`);
  return set.code === 0 && /^\d+$/.test(set.stdout.trim()) ? Number(set.stdout) : kernelDefault;
}

/** The kernel's times are the whole server's: they are told with what they cost, and not changed. */
const serverTimes: Check = {
  name: "nfs-times",
  beforeUp: true,
  async look(subject) {
    const { machine, settings } = subject;
    if (!settings || !servedHere(subject) || threadsOf(machine) === 0) return [];
    // NFS 3 has no leases: docs/one-writer.md.
    if (settings.nfsVersion === "3") return [];
    const { leaseTime, graceTime, watchdog } = settings.guard;
    const [lease, grace] = await Promise.all([serverTime(machine, "lease"), serverTime(machine, "grace")]);
    const mend = [
      "for all that this server exports; whoever writes there waits for the restart, and then as long as the grace time:",
      `printf '[nfsd]\\nlease-time=${leaseTime}\\ngrace-time=${graceTime}\\n' | sudo tee /etc/nfs.conf.d/ha-rancher.conf`,
      "sudo systemctl restart nfs-server",
    ].join("\n");
    if (lease <= watchdog)
      return fault(
        `The kernel's NFS server gives the lock of a silent node away after ${lease} s, and must not before \`guard.watchdog\` (${watchdog} s) is over: no node would serve`,
        mend,
      );
    const costs = [
      ...(lease > leaseTime
        ? [
            `keeps the lock of a node that died for ${lease} s, so that a failover takes as long and not ${leaseTime} s (\`guard.leaseTime\`)`,
          ]
        : []),
      ...(grace > graceTime
        ? [
            `gives no locks for ${grace} s after it was restarted, so that a failover waits for that and not for ${graceTime} s (\`guard.graceTime\`)`,
          ]
        : []),
    ];
    return costs.length > 0
      ? remark(`The kernel's NFS server ${costs.join("; it ")}`, mend)
      : well(`The NFS server's lease is ${lease} s, its grace ${grace} s`);
  },
};

/** What this machine's kernel serves, or will: a directory, or an image of the stack's own. */
const servedBy = ({ machine, stack }: Subject, settings: Settings): ReturnType<typeof ofKernel> =>
  ofKernel(settings, stack, machine.exists);

/** The kernel lets whoever is root on a node reach all of the file system that an exported directory is on. */
const ownFileSystem: Check = {
  name: "export",
  beforeUp: true,
  look(subject) {
    const { machine, settings, stack } = subject;
    if (!settings || !servedHere(subject) || machine.platform !== "linux") return [];
    const { directory, server } = servedBy(subject, settings);
    if (server.kind === "image")
      return ["/usr/sbin/mkfs.xfs", "/sbin/mkfs.xfs"].some(machine.exists) || machine.program("mkfs.xfs")
        ? well(`The shared directory has a file system of its own, of ${server.gibibytes} GiB`)
        : fault(
            "The shared directory gets a file system of its own, and `mkfs.xfs` is missing",
            "apt-get install xfsprogs  (Fedora, Rocky: dnf install xfsprogs)",
          );
    const { point, holdsMore } = fileSystemOf(directory, machine.text("/proc/self/mountinfo") ?? "");
    if (!holdsMore) return well(`The shared directory is on a file system of its own, ${point}`);
    const isOld = settings.sharedDirectory === undefined;
    const meaning = `The shared directory ${directory} is on the file system of ${point}: root on a node, as which Rancher's container runs, can read and write all of it, since file handles of NFS can be forged${isOld ? ". It stays so until you move its data into an image" : ""}`;
    const mend = isOld
      ? moving(subject, directory, settings)
      : "leave `sharedDirectory` out for an image of the stack's own, name a mount point, or use `storage: machine` or `storage: server`";
    const isProd = environmentOf(stack, settings.environment, settings.nodes) === "prod";
    // A new one is refused when it is made.
    return (isProd || !subject.known ? fault : remark)(meaning, mend);
  },
};

/** The order that moves the data of a stack made before there were images; nothing else does. */
const moving = ({ machine, stack }: Subject, directory: string, { sharedSize }: Settings): string =>
  [
    "`storage: machine` or `storage: server`; or move the data, with the service stopped meanwhile:",
    ...(machine.isRoot ? [] : [helperHint(machine.user)]),
    `${callOn(stack, "stop", "'its data moves'")}`,
    `sudo ${helperFile(machine.isRoot)} move ${exportName(stack)} ${sharedSize} ${directory}`,
    `${callOn(stack, "up")}  (its nodes mount the new place; it ends with an error as long as the service is stopped)`,
    `${callOn(stack, "start")}`,
    `rm -r ${directory}.before-move, once all is well`,
  ].join("\n");

async function helperChecked(machine: ThisMachine): Promise<Finding[]> {
  const mend = helperHint(machine.user);
  if (!machine.program("sudo")) return fault("Exports need root's rights, and `sudo` is not on PATH", mend);
  if (!helperInstalled(machine.text))
    return fault("The helper that makes the export as root is not installed, or of another version", mend);
  const { code } = await machine.run("sudo", "-n", "-l", ...helperWords);
  return code === 0
    ? well("sudo lets the export be made by its helper alone, without a password")
    : fault(`sudo would ask for a password for \`${helperWords[0]}\``, mend);
}

const sudo: Check = {
  name: "sudo",
  beforeUp: true,
  async look(subject) {
    const { machine, stack } = subject;
    if (machine.isRoot) return well("This is root: no sudo is needed");
    if (!servedHere(subject)) return []; // The lab reports this itself.
    if (subject.settings && servedBy(subject, subject.settings).server.kind === "image")
      return await helperChecked(machine);
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

export const storageChecks: Check[] = [nfs, serverTimes, ownFileSystem, sudo];
