import ipaddr from "ipaddr.js";
import { isCloudImage } from "../../domain/cloud-image";
import { isUsableKey } from "../../domain/private-key";
import { clashes } from "./claims";
import { type Host, thisHost } from "./host";
import { rulesOf } from "./hypervisors";
import type { CheckFailure, MachineInputs } from "./inputs";
import { identityProvisioner } from "./scripts";

type Good = Partial<MachineInputs>;
type Check = (good: Good, host: Host, news: Record<string, unknown>) => CheckFailure[];

const failure = (property: string, place: string, rest: string): CheckFailure => ({
  property,
  reason: `\`${place}\` ${rest}`,
});

/** The values that occur twice, each with its second place. */
const doubles = (values: readonly (string | undefined)[]): [string, number][] =>
  values.flatMap((value, i) =>
    value !== undefined && values.indexOf(value) < i ? [[value, i] as [string, number]] : [],
  );

const isLocal = ({ hypervisor, libvirt }: Good): boolean =>
  hypervisor !== "libvirt" || !/^[a-z]+\+(ssh|tcp|tls|libssh2?):/.test(libvirt?.uri ?? "");

const box: Check = ({ hypervisor, boxUrl, boxChecksum }, _host, news) => {
  const failures: CheckFailure[] = [];
  if (news.box === undefined && hypervisor && !rulesOf(hypervisor).boxOptional)
    failures.push(failure("box", "box", "is missing: the name of a Vagrant box"));
  if (boxChecksum !== undefined && boxUrl === undefined && news.boxUrl === undefined)
    failures.push(
      failure(
        "boxChecksum",
        "boxChecksum",
        "is for a box that is named by its file: give `boxUrl` too (a catalog has checksums of its own)",
      ),
    );
  if (!isCloudImage(boxUrl)) return failures;
  if (hypervisor && hypervisor !== "libvirt" && hypervisor !== "virtualbox")
    failures.push(
      failure(
        "boxUrl",
        "boxUrl",
        `is a cloud image, of which boxes are made for libvirt and virtualbox, not for ${hypervisor}: name a box`,
      ),
    );
  if (boxChecksum === undefined && news.boxChecksum === undefined)
    failures.push(
      failure(
        "boxUrl",
        "boxUrl",
        "is a cloud image: give its `boxChecksum` too, or whoever sends it is root",
      ),
    );
  else if (boxChecksum !== undefined && !/^sha(256|512):/.test(boxChecksum))
    failures.push(
      failure("boxChecksum", "boxChecksum", "must be sha256: or sha512: and hex digits for a cloud image"),
    );
  return failures;
};

const place: Check = ({ hypervisor, libvirt, architecture, memory, settings }, host, news) => {
  if (!hypervisor) return [];
  const { platform, nativeOnly } = rulesOf(hypervisor);
  const failures: CheckFailure[] = [];
  if (platform && platform !== host.platform)
    failures.push(
      failure(
        "hypervisor",
        "hypervisor",
        `${hypervisor} exists on ${platform} only, and this is ${host.platform}`,
      ),
    );
  if (hypervisor !== "libvirt" && news.libvirt !== undefined)
    failures.push(
      failure("libvirt", "libvirt", "is for `hypervisor` libvirt only: leave it out, or choose libvirt"),
    );
  const native =
    nativeOnly ||
    (hypervisor === "libvirt" && libvirt?.driver !== "qemu" && isLocal({ hypervisor, libvirt }));
  if (architecture && native && architecture !== host.architecture)
    failures.push(
      failure(
        "architecture",
        "architecture",
        `is ${architecture}, and ${hypervisor} runs only what this host is, ${host.architecture}: take a box for ` +
          "that, or a hypervisor that emulates (qemu, or libvirt with `libvirt.driver` qemu)",
      ),
    );
  if (memory && isLocal({ hypervisor, libvirt }) && memory > host.memory)
    failures.push(
      failure("memory", "memory", `is ${memory} MiB, and this host has ${host.memory} MiB in all: lower it`),
    );
  for (const key of ["cpus", "memory"])
    if (settings && key in settings)
      failures.push(failure("settings", `settings.${key}`, `is an input of its own: use \`${key}\``));
  return failures;
};

const networks: Check = ({ hypervisor, networks = [], networkd }, host) => {
  if (!hypervisor) return [];
  if (networkd && hypervisor === "docker")
    return [
      failure("networkd", "networkd", "must be false on docker: a container's networks are set from outside"),
    ];
  if (networks.length > 0 && !rulesOf(hypervisor).networks)
    return [
      failure(
        "networks",
        "networks",
        `cannot be made on ${hypervisor}: Vagrant gives its machines one network, and leaves the choice to you`,
      ),
    ];
  const failures = doubles(networks.map(({ address }) => address)).map(([address, i]) =>
    failure("networks", `networks[${i}].address`, `is ${address}, which another network of the machine has`),
  );
  const ranges = hypervisor === "virtualbox" ? host.hostOnlyRanges : undefined;
  networks.forEach((network, i) => {
    if (!ranges || network.type !== "private" || network.address === undefined || network.name !== undefined)
      return;
    const own = ipaddr.IPv4.parseCIDR(network.address)[0];
    if (ranges.some((range) => own.match(ipaddr.IPv4.parseCIDR(range)))) return;
    failures.push(
      failure(
        "networks",
        `networks[${i}].address`,
        `is ${network.address}, and VirtualBox allows host-only networks in ${ranges.join(", ") || "no range"} only: ` +
          "choose an address in there, or add its network to /etc/vbox/networks.conf",
      ),
    );
  });
  return failures;
};

const ports: Check = ({ hypervisor, ports = [], usablePorts }) => {
  if (!hypervisor) return [];
  const failures: CheckFailure[] = [];
  if (usablePorts && usablePorts.from > usablePorts.to)
    failures.push(failure("usablePorts", "usablePorts.from", "must not be above `usablePorts.to`"));
  if (ports.length > 0 && !rulesOf(hypervisor).forwards)
    failures.push(
      failure("ports", "ports", `cannot be forwarded on ${hypervisor}: use the machine's own address`),
    );
  const hosts: string[] = [];
  ports.forEach(({ guest, host, count, protocol }, i) => {
    const here = `ports[${i}]`;
    if (protocol === "udp" && hypervisor === "libvirt")
      failures.push(
        failure("ports", `${here}.protocol`, "must be tcp: vagrant-libvirt forwards through SSH"),
      );
    for (const [key, first] of [
      ["guest", guest],
      ["host", host],
    ] as const)
      if (first !== undefined && first + count - 1 > 65_535)
        failures.push(failure("ports", `${here}.${key}`, `and \`${here}.count\` go beyond port 65535`));
    if (host === undefined) return;
    for (let n = 0; n < count; n++) {
      const taken = `${host + n}/${protocol}`;
      if (hosts.includes(taken)) {
        failures.push(
          failure("ports", `${here}.host`, `is ${host + n}, which is forwarded twice: choose another`),
        );
        return;
      }
      hosts.push(taken);
    }
  });
  for (const [id, i] of doubles(ports.map(({ id }) => id)))
    failures.push(failure("ports", `ports[${i}].id`, `is ${id}, which another port has: choose another`));
  for (const [i, { id }] of ports.entries())
    if (id === "ssh")
      failures.push(
        failure("ports", `ports[${i}].id`, "must not be ssh: that port is forwarded by itself where needed"),
      );
  return failures;
};

/** Folder types that belong to one hypervisor. */
const typeOwners: Record<string, string> = { virtualbox: "virtualbox", "9p": "libvirt", virtiofs: "libvirt" };

const folders: Check = ({ hypervisor, syncedFolders = [], networks = [] }, host) => {
  const failures = doubles(syncedFolders.map(({ guest }) => guest)).map(([guest, i]) =>
    failure(
      "syncedFolders",
      `syncedFolders[${i}].guest`,
      `is ${guest}, which another folder has: choose another`,
    ),
  );
  syncedFolders.forEach((folder, i) => {
    const here = `syncedFolders[${i}]`;
    const owner = typeOwners[folder.type ?? ""];
    if (owner && hypervisor && hypervisor !== owner)
      failures.push(
        failure("syncedFolders", `${here}.type`, `${folder.type} is for \`hypervisor\` ${owner} only`),
      );
    if (folder.nfs && folder.type !== "nfs")
      failures.push(failure("syncedFolders", `${here}.nfs`, `is for \`${here}.type\` nfs only`));
    if (folder.type === "nfs" && host.platform === "win32")
      failures.push(
        failure("syncedFolders", `${here}.type`, "must not be nfs: Windows serves none; take smb or rsync"),
      );
    if (
      folder.type === "nfs" &&
      hypervisor === "virtualbox" &&
      !networks.some(({ type }) => type === "private")
    )
      failures.push(
        failure(
          "syncedFolders",
          `${here}.type`,
          "nfs needs a private network on VirtualBox: add one to `networks`",
        ),
      );
  });
  return failures;
};

const rest: Check = ({ provision = [], sshPrivateKey, timeouts }) => {
  const failures = doubles(provision.map(({ name }) => name)).map(([name, i]) =>
    failure("provision", `provision[${i}].name`, `is ${name}, which another script has: choose another`),
  );
  provision.forEach(({ name }, i) => {
    if (name === identityProvisioner)
      failures.push(failure("provision", `provision[${i}].name`, `must not be ${name}: that one is ours`));
  });
  if (sshPrivateKey !== undefined && !isUsableKey(sshPrivateKey))
    failures.push(
      failure(
        "sshPrivateKey",
        "sshPrivateKey",
        "must be the text of a private key without a passphrase (OpenSSH or PEM)",
      ),
    );
  if (timeouts && timeouts.boot > timeouts.up)
    failures.push(
      failure("timeouts", "timeouts.boot", "must not be above `timeouts.up`, which ends it first"),
    );
  return failures;
};

const checks = [box, place, networks, ports, folders, rest];

/**
 * Mistakes in combinations: between inputs, with the host's abilities, or with other machines of the program.
 *
 * @param good the inputs that are valid by themselves
 * @param news all as they were given
 */
export const crossFailures = (
  good: Good,
  news: Record<string, unknown>,
  host: Host = thisHost(),
): CheckFailure[] => [...checks.flatMap((check) => check(good, host, news)), ...clashes(good)];
