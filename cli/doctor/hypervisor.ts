import { currentLab } from "../../lab";
import { executes } from "../../lab/accelerator";
import { plannedBox } from "../../lab/box";
import { labProblems } from "../../lab/preflight";
import { labHome } from "../../local/paths";
import { type Check, type Finding, fault, remark, type Subject, well } from "./check";
import { lastLine } from "./programs";

async function virtualBox({ machine }: Subject): Promise<Finding[]> {
  const install = "install VirtualBox: https://www.virtualbox.org/wiki/Downloads";
  if (!machine.program("VBoxManage"))
    return fault("`VBoxManage` is not on PATH: there is no VirtualBox", install);
  const { code, stdout, stderr } = await machine.run("VBoxManage", "list", "systemproperties");
  // The warning about a missing module comes with code 0.
  if (/vboxdrv|kernel module|\/dev\/vboxdrv/i.test(stderr) || !/^Default machine folder:/m.test(stdout))
    return fault(
      `VirtualBox is installed and does not work (code ${code}): ${lastLine(stderr || stdout)}`,
      "sudo /sbin/vboxconfig  (builds its kernel modules; on macOS allow its system extension and restart)",
    );
  const { stdout: version } = await machine.run("VBoxManage", "--version");
  return well(`VirtualBox ${version.trim()} answers`);
}

async function libvirt({ machine }: Subject): Promise<Finding[]> {
  if (!machine.program("virsh"))
    return fault(
      "`virsh` is not on PATH: there is no libvirt",
      "apt-get install libvirt-daemon-system libvirt-clients",
    );
  const { code, stderr } = await machine.run(
    "virsh",
    "--connect",
    process.env.LIBVIRT_DEFAULT_URI ?? "qemu:///system",
    "list",
  );
  if (code !== 0)
    return fault(
      `libvirt does not answer: ${lastLine(stderr)}`,
      `systemctl start libvirtd; usermod --append --groups libvirt ${machine.user}  (and log in again)`,
    );
  const { stdout } = await machine.run("vagrant", "plugin", "list");
  return /^vagrant-libvirt /m.test(stdout)
    ? well("libvirt answers, and Vagrant has its plugin")
    : fault("Vagrant has no plugin for libvirt", "vagrant plugin install vagrant-libvirt");
}

async function lab(): Promise<Finding[]> {
  if (currentLab()) return well("This process is in the lab");
  const { built } = await plannedBox().catch(() => ({ built: false }));
  const found = await labProblems(labHome(), !built);
  if (found.length === 0) return well("The lab can run here");
  // Each problem is one sentence with what is wrong and the way out.
  return found.flatMap((problem) => {
    const [meaning = "", ...mend] = problem.split(/: (?=[^:]*$)/);
    return fault(meaning, mend.join(": ") || undefined);
  });
}

const hypervisor: Check = {
  name: "hypervisor",
  beforeUp: true,
  look(subject) {
    switch (subject.hypervisor) {
      case "virtualbox":
        return virtualBox(subject);
      case "libvirt":
        return libvirt(subject);
      case "lab":
        return lab();
      default:
        return [];
    }
  },
};

const bios =
  "enable VT-x or AMD-V in the firmware; in a virtual machine, nested virtualisation of the one below";

const virtualisation: Check = {
  name: "virtualisation",
  async look({ machine, hypervisor: name }) {
    if (!name || machine.platform !== "linux") return [];
    const hasFlag = /^flags\s*:.*\b(vmx|svm)\b/m.test(machine.text("/proc/cpuinfo") ?? "");
    if (name === "virtualbox")
      return hasFlag
        ? well("The processor can virtualise")
        : fault("The processor has no virtualisation switched on, which VirtualBox needs", bios);
    if (!machine.exists("/dev/kvm"))
      return remark(
        `There is no /dev/kvm: machines run in software emulation, about ten times slower`,
        hasFlag ? "modprobe kvm_intel || modprobe kvm_amd" : bios,
      );
    // The device may belong to others, or not work: a guest tries it.
    if (!machine.program("qemu-system-x86_64"))
      return remark("/dev/kvm exists, but QEMU, which would test it, is not installed yet");
    return (await executes("kvm"))
      ? well("KVM works: a guest ran with it")
      : remark("/dev/kvm exists, but no guest runs with it: machines run in software emulation", bios);
  },
};

export const hypervisorChecks: Check[] = [hypervisor, virtualisation];
