/*
 * What somebody may change by hand on a node, or on what the stack made beside it; what `status`, `refresh` and `up` are to
 * say of it, and that it is as before then. Data of test/lab-long/drifts.test.ts, which does each of them on real machines.
 *
 * Rows of one batch are done together, and one `refresh` and one `up` serve them all. That is honest as long as each has a
 * resource, or a node, of its own, and no more than one in a batch keeps the standby from being one, which is all that a
 * verdict says of a node: test/unit/drifts.test.ts holds both.
 */

/** Where something is done: on the node that stands by, on the one that serves, or on this machine. */
export type Place = "standby" | "active" | "server";

export interface Drift {
  /** Rows with one letter are done together; in the order of letters. */
  batch: string;
  /** What was done, for people: follows "On the standby: ". */
  what: string;
  on: Place;
  /** How: a command line of bash, for root there. In it NODE is the node's name, EXPORT the file of the export. */
  by: string;
  /** What `status` says of it; undefined: the node stands by as before, and `status` says nothing. */
  status?: RegExp;
  /** What `refresh` finds: the end of the resource's name, without the node's; undefined: nothing, it is an order. */
  resource?: RegExp;
  /** `refresh` cannot look at everything then, and fails with this; `up` mends it all the same. */
  refreshFails?: RegExp;
  /** The command that mends it, if that is not `up`; `up` ends with 2 then. */
  mend?: readonly string[];
  /** A command line for root there that ends well once it is as before. */
  healed: string;
}

const agentUnit = "/etc/systemd/system/ha-rancher-agent.service";
const leaseUnit = "/etc/systemd/system/ha-rancher-lease.service";
const mountUnit = "/etc/systemd/system/rancher_lease.mount";
const dropIn = "/etc/systemd/system/keepalived.service.d/ha-rancher.conf";
const programs = "/usr/local/lib/ha-rancher/current";
const ours = "--filter label=ha-rancher.image";
const runs = (...units: string[]): string => units.map((unit) => `systemctl is-active ${unit}`).join(" && ");
const starts = (...units: string[]): string =>
  units.map((unit) => `systemctl is-enabled ${unit}`).join(" && ");

/** Adds a line that no file of ours has, and whether it is gone. */
const edited = (file: string): Pick<Drift, "by" | "healed"> => ({
  by: `echo "# a test was here" >>${file}`,
  healed: `! grep -q "a test was here" ${file}`,
});

export const drifts: readonly Drift[] = [
  {
    batch: "A",
    what: "the agent was stopped",
    on: "standby",
    by: "systemctl stop ha-rancher-agent",
    status: /is no standby: its agent was stopped by hand\. Mend: `npm run up/,
    resource: /agents-rollout$/,
    healed: runs("ha-rancher-agent"),
  },
  {
    batch: "A",
    what: "the agent's settings were changed",
    on: "active",
    by: "echo >>/etc/ha-rancher/agent.json",
    resource: /software-NODE-agent-files$/,
    healed: "! tail -n 1 /etc/ha-rancher/agent.json | grep -q ^$",
  },
  {
    batch: "A",
    what: "a program of ours was changed",
    on: "standby",
    ...edited(`${programs}/host/patient`),
    resource: /software-NODE-programs$/,
  },
  {
    batch: "A",
    what: "the mount unit of the lease directory was changed",
    on: "active",
    ...edited(mountUnit),
    resource: /storage-NODE-mounts$/,
  },
  {
    batch: "B",
    what: "the agent was stopped and disabled",
    on: "standby",
    by: "systemctl disable --now ha-rancher-agent",
    status: /is no standby: its agent was stopped and disabled by hand\. Mend: `npm run up/,
    resource: /agents-rollout$/,
    healed: `${runs("ha-rancher-agent")} && ${starts("ha-rancher-agent")}`,
  },
  {
    batch: "B",
    what: "the lease directory's mount was disabled: it would be missing after a boot",
    on: "active",
    by: "systemctl disable rancher_lease.mount",
    resource: /storage-NODE-lease-mounted-kept$/,
    healed: starts("rancher_lease.mount"),
  },
  {
    batch: "B",
    what: "live-restore was taken out of Docker's daemon.json, which has also what is not ours",
    on: "standby",
    by: `python3 -c 'import json; path = "/etc/docker/daemon.json"; told = json.load(open(path)); del told["live-restore"]; json.dump(told, open(path, "w"))'`,
    resource: /rancher-NODE-docker-settings$/,
    healed: "grep -q live-restore /etc/docker/daemon.json",
  },
  {
    batch: "B",
    what: "the facts for keepalived's scripts were changed",
    on: "active",
    ...edited("/etc/ha-rancher/vip.env"),
    resource: /floating-ip-keepalived-conf$/,
  },
  {
    batch: "C",
    what: "keepalived was stopped",
    on: "standby",
    by: "systemctl stop keepalived",
    status: /is no standby: its keepalived was stopped by hand\. Mend: `npm run up/,
    resource: /floating-ip-keepalived-conf$/,
    healed: runs("keepalived"),
  },
  {
    batch: "C",
    what: "the agent's unit was changed",
    on: "active",
    by: `echo "# a test was here" >>${agentUnit} && systemctl daemon-reload`,
    resource: /software-NODE-agent-files$/,
    healed: `! grep -q "a test was here" ${agentUnit} && [ $(systemctl show -p NeedDaemonReload --value ha-rancher-agent) = no ]`,
  },
  {
    batch: "C",
    what: "a program of ours was removed",
    on: "active",
    by: `rm ${programs}/release/name`,
    resource: /software-NODE-programs$/,
    healed: `[ -x ${programs}/release/name ]`,
  },
  {
    batch: "C",
    what: "the timer of backups was stopped and disabled",
    on: "standby",
    by: "systemctl disable --now ha-rancher-backup.timer",
    resource: /backups-NODE-backup-timer-kept$/,
    healed: `${runs("ha-rancher-backup.timer")} && ${starts("ha-rancher-backup.timer")}`,
  },
  {
    batch: "D",
    what: "keepalived was masked",
    on: "standby",
    by: "systemctl mask --now keepalived",
    status: /is no standby: its keepalived was masked by hand\. Mend: `npm run up/,
    resource: /floating-ip-keepalived-conf$/,
    healed: `${runs("keepalived")} && ${starts("keepalived")}`,
  },
  {
    batch: "D",
    what: "the unit of the lease process was removed",
    on: "standby",
    by: `rm ${leaseUnit}`,
    resource: /software-NODE-agent-files$/,
    healed: `[ -e ${leaseUnit} ] && ${runs("ha-rancher-lease")}`,
  },
  {
    batch: "D",
    what: "the unit that gives the node its identity for NFS was disabled",
    on: "active",
    by: "systemctl disable ha-rancher-nfs-identity",
    resource: /storage-NODE-lease-mounted-kept$/,
    healed: starts("ha-rancher-nfs-identity"),
  },
  {
    batch: "E",
    what: "the lease process was stopped",
    on: "standby",
    by: "systemctl stop ha-rancher-lease",
    status: /is no standby: its lease process was stopped by hand\. Mend: `npm run up/,
    resource: /agents-rollout$/,
    healed: runs("ha-rancher-lease"),
  },
  {
    batch: "E",
    what: "keepalived.conf was changed",
    on: "active",
    ...edited("/etc/keepalived/keepalived.conf"),
    status: /keepalived\.conf on \S+ was changed by hand: `npm run up/,
    resource: /floating-ip-keepalived-conf$/,
  },
  {
    batch: "E",
    what: "the unit of backups was changed",
    on: "active",
    ...edited("/etc/systemd/system/ha-rancher-backup.service"),
    resource: /backups-NODE-backup-units$/,
  },
  {
    batch: "F",
    what: "keepalived's package was removed",
    on: "standby",
    by: "DEBIAN_FRONTEND=noninteractive apt-get purge -y -q keepalived",
    status: /is no standby: its keepalived is not there any more/,
    resource: /floating-ip-NODE-keepalived$/,
    healed: `command -v keepalived && ${runs("keepalived")}`,
  },
  {
    batch: "F",
    what: "a package was removed that our programs need: curl",
    on: "standby",
    by: "DEBIAN_FRONTEND=noninteractive apt-get purge -y -q curl",
    resource: /software-NODE-prepared-kept$/,
    healed: "command -v curl",
  },
  {
    batch: "F",
    what: "the drop-in of keepalived's unit was removed",
    on: "active",
    by: `rm ${dropIn}`,
    resource: /floating-ip-NODE-keepalived-files$/,
    healed: `[ -e ${dropIn} ] && [ $(systemctl show -p NeedDaemonReload --value keepalived) = no ]`,
  },
  {
    batch: "G",
    what: "Docker was stopped and disabled, its socket, too",
    on: "standby",
    by: "systemctl disable --now docker.socket docker.service",
    status: /is no standby: its Docker was stopped and disabled by hand\. Mend: `npm run up/,
    resource: /software-NODE-prepared-kept$/,
    refreshFails: /docker/i,
    healed: `${runs("docker.service")} && docker version`,
  },
  {
    batch: "H",
    what: "the service's container was removed",
    on: "standby",
    by: `docker rm -f $(docker ps -aq ${ours})`,
    status: /is no standby: there is no container \S+: it was removed by hand\. Mend: `npm run up/,
    resource: /rancher-NODE-rancher-[0-9a-f]+$/,
    healed: `[ -n "$(docker ps -aq ${ours})" ]`,
  },
  {
    batch: "H",
    what: "the mount point of the shared data was removed",
    on: "standby",
    by: "chattr -i /rancher_data; rmdir /rancher_data",
    resource: /software-NODE-prepared-kept$/,
    healed: "[ -d /rancher_data ]",
  },
  {
    batch: "I",
    what: "the firewall's rules were emptied",
    on: "standby",
    by: "nft flush table inet ha_rancher",
    status: /does not hear \S+, which is master/,
    resource: /floating-ip-keepalived-conf$/,
    healed: "nft list chain inet ha_rancher input | grep -q update",
  },
  {
    batch: "I",
    what: "the service's image was removed",
    on: "standby",
    by: `docker rmi -f $(docker inspect -f "{{index .Config.Labels \\"ha-rancher.image\\"}}" $(docker ps -aq ${ours} | head -n 1))`,
    resource: /rancher-NODE-image$/,
    healed: `docker image inspect $(docker inspect -f "{{index .Config.Labels \\"ha-rancher.image\\"}}" $(docker ps -aq ${ours} | head -n 1))`,
  },
  {
    batch: "I",
    what: "the file of the export was removed",
    on: "server",
    by: "rm EXPORT",
    resource: /storage-export$/,
    healed: "[ -e EXPORT ]",
  },
  {
    batch: "J",
    what: "the file was removed that names the container for the agent",
    on: "standby",
    by: "rm /etc/ha-rancher/service.json",
    status: /would not start with the configuration that is on disk: `npm run up/,
    resource: /rancher-release$/,
    healed: "[ -e /etc/ha-rancher/service.json ]",
  },
  {
    batch: "K",
    what: "maintenance of the only standby was begun: an order",
    on: "standby",
    by: "echo 1 >/etc/ha-rancher/maintenance",
    status: /without a standby\. NODE is no standby: it is in maintenance\. Mend: `npm run maintenance/,
    mend: ["maintenance", "NODE", "off"],
    healed: "grep -qx 0 /etc/ha-rancher/maintenance",
  },
  {
    batch: "L",
    what: "the only standby was banned: an order",
    on: "standby",
    by: `${programs}/host/agent ban "a test"`,
    status: /without a standby\. NODE is no standby: it is banned \(a test\)\. Mend: `npm run allow/,
    mend: ["allow", "NODE"],
    healed: `! ${programs}/host/agent status | grep -q "\\"banned\\": \\"a test\\""`,
  },
];
