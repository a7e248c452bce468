import { dirname, join } from "node:path";
import { layout } from "../../lab/layout";
import { ownInode } from "../../lab/namespace";
import { namespaceOf, processesIn } from "../../lab/process";
import { callOf } from "../../local/called";
import { cacheHome, dataHome, labHome } from "../../local/paths";
import { localStacks } from "../../local/pulumi/checkpoint";
import { deadLocks, removeDeadLocks } from "../../local/pulumi/locks";
import { recordFile } from "../../providers/vagrant/folder";
import { readLocal } from "../../stack/state";
import { type Check, remark, type Subject, well } from "./check";
import { namespaces } from "./namespaces";

/** All stacks whose state is on this machine; undefined if the state is elsewhere and cannot be listed. */
const livingStacks = ({ backend }: Subject): string[] | undefined =>
  backend.local
    ? localStacks(backend).filter((stack) => (readLocal(backend, stack)?.resources ?? 0) > 0)
    : undefined;

const locks: Check = {
  name: "locks",
  look({ backend, stack }) {
    const count = new Set([stack, ...localStacks(backend)]);
    const dead = [...count].filter((name) => deadLocks(backend, name).length > 0);
    if (dead.length === 0) return well("No killed Pulumi left a lock");
    return dead.flatMap((name) =>
      remark(
        `A Pulumi that was killed left a lock on the stack ${name}; \`${callOf("up")}\` removes it`,
        callOf("doctor", "--fix"),
        async () => `${removeDeadLocks(backend, name)} lock of the stack ${name} removed`,
      ),
    );
  },
};

const interrupted: Check = {
  name: "interrupted",
  look({ known, stack }) {
    if (!known) return [];
    return known.interrupted
      ? remark(
          "Pulumi was killed in its last run, and does not know the result of its last operation",
          callOf("up", "--stack", stack),
        )
      : well("Pulumi's last run was not interrupted");
  },
};

interface MachineFolder {
  stack: string;
  folder: string;
  /** The lab of the machine, if it is in one. */
  lab: string | undefined;
}

/** The folders of machines that were made on this machine, by any stack. */
export function machineFolders({ machine }: Pick<Subject, "machine">): MachineFolder[] {
  const labs = dirname(labHome());
  const places = [
    { root: dataHome(), lab: undefined },
    ...machine.names(labs).map((lab) => ({ root: join(labs, lab), lab })),
  ];
  return places.flatMap(({ root, lab }) => {
    const machines = join(root, "machines");
    return machine.names(machines).flatMap((stack) =>
      machine
        .names(join(machines, stack))
        .map((name) => ({ stack, folder: join(machines, stack, name), lab }))
        .filter(({ folder }) => machine.exists(recordFile(folder))),
    );
  });
}

const machineFoldersCheck: Check = {
  name: "machine-folders",
  look(subject) {
    const living = livingStacks(subject);
    if (!living) return [];
    const dead = machineFolders(subject).filter(({ stack }) => !living.includes(stack));
    if (dead.length === 0) return well("Every machine's folder belongs to a stack");
    return dead.flatMap(({ stack, folder, lab }) =>
      remark(
        `${folder} is of a machine of the stack ${stack}, which is not there (or not this user's): the machine may still run`,
        lab
          ? `HA_RANCHER_LAB_NAME=${lab} ${callOf("down", "--lab")}`
          : `cd ${folder} && vagrant destroy --force; cd / && rm -r ${folder}`,
      ),
    );
  },
};

const exportsFolder = "/etc/exports.d";

const exportsCheck: Check = {
  name: "exports",
  look(subject) {
    const living = livingStacks(subject);
    const ours = subject.machine.names(exportsFolder).flatMap((file) => {
      const stack = /^ha-rancher-(.+)\.exports$/.exec(file)?.[1];
      return stack ? [{ stack, file: join(exportsFolder, file) }] : [];
    });
    if (!living || ours.length === 0) return [];
    const dead = ours.filter(({ stack }) => !living.includes(stack));
    if (dead.length === 0)
      return well(`Exports of stacks that are there: ${ours.map(({ stack }) => stack).join(", ")}`);
    return dead.flatMap(({ stack, file }) =>
      remark(
        `${file} exports the data of the stack ${stack}, which is not there (or not this user's)`,
        `sudo rm ${file} && sudo exportfs -ra`,
      ),
    );
  },
};

const labs: Check = {
  name: "labs",
  look({ machine }) {
    const folder = dirname(labHome());
    const running = machine.names(folder).flatMap((name) => {
      const home = join(folder, name);
      const inode = ownInode(home, `ha-rancher-${name}`);
      return inode === undefined ? [] : [{ name, home, processes: processesIn(inode).length }];
    });
    const broken = running.filter(({ home }) => !machine.exists(layout(home).description));
    return broken.flatMap(({ name, processes }) =>
      remark(
        `The lab ${name} was killed while it started or stopped: ${processes} of its processes run`,
        `HA_RANCHER_LAB_NAME=${name} ${callOf("up")}, or HA_RANCHER_LAB_NAME=${name} ${callOf("down", "--lab")}`,
      ),
    );
  },
};

/** What Pulumi starts for dynamic resources, from its SDK, from the toolchain or from providers/, and for policies. */
const providerPrograms =
  /@pulumi\/pulumi\/cmd\/(dynamic-provider|run-policy-pack)|\/dynamic-provider\.cjs|\/local\/previews\/main\.js/;

/** Processes of providers whose Pulumi is gone. They wait for calls that never come. */
function orphans({ machine }: Subject): number[] {
  return machine.names("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    const command = machine.text(`/proc/${name}/cmdline`) ?? "";
    const parent = Number(/^PPid:\s+(\d+)/m.exec(machine.text(`/proc/${name}/status`) ?? "")?.[1]);
    const isProvider = providerPrograms.test(command);
    return isProvider && parent === 1 && namespaceOf(Number(name)) !== undefined ? [Number(name)] : [];
  });
}

const processes: Check = {
  name: "processes",
  look(subject) {
    if (subject.machine.platform !== "linux") return [];
    const pids = orphans(subject);
    return pids.length === 0
      ? well("No leftover provider processes")
      : remark(
          `${pids.length} provider processes are left of a Pulumi that was killed`,
          `kill ${pids.join(" ")}`,
        );
  },
};

const builds: Check = {
  name: "builds",
  look({ machine }) {
    const pending = join(cacheHome(), "packages-pending.json");
    return machine.exists(pending)
      ? remark(
          `The installation of the lab's packages was interrupted; \`${callOf("up")}\` continues it`,
          callOf("up"),
        )
      : [];
  },
};

export const leftoverChecks: Check[] = [
  locks,
  interrupted,
  machineFoldersCheck,
  exportsCheck,
  namespaces,
  labs,
  processes,
  builds,
];
