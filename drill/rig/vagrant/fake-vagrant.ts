import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { publicKeyOf } from "../../../domain/private-key";
import { newKeyPair } from "../../../providers/vagrant/keys";
import { addressLines, FakeHypervisor, type FakeMachine, type StepName } from "./fake-hypervisor";
import { makeNetworks, makeVolume } from "./fake-libvirt";
import { row, sleep, ui, VagrantError } from "./fake-output";
import { vboxManage, virsh } from "./fake-tools";
import { readVagrantfile, type Wishes } from "./fake-vagrantfile";

/*
 * Stands for `vagrant` and the hypervisors' own programs in tests: the same arguments, rows, exit codes and traps as
 * Vagrant 2.3 with vagrant-libvirt, for the kind of Vagrantfile that this project generates. Its first argument is the
 * folder where it keeps what a hypervisor would keep.
 */

const [home = "", program = "", ...given] = process.argv.slice(2);
const hypervisor = new FakeHypervisor(home);

const boxFolder = (box: string): string =>
  join(
    process.env.VAGRANT_HOME ?? join(homedir(), ".vagrant.d"),
    "boxes",
    box.replace(/\//g, "-VAGRANTSLASH-"),
  );

const dataFolder = ({ name, hypervisor: provider }: Wishes): string =>
  join(".vagrant", "machines", name, provider);
const idFile = (wishes: Wishes): string => join(dataFolder(wishes), "id");

function ownMachine(wishes: Wishes): FakeMachine | undefined {
  if (!existsSync(idFile(wishes))) return undefined;
  const machine = hypervisor.find(readFileSync(idFile(wishes), "utf8"));
  // As Vagrant does when it finds that a machine is gone.
  if (!machine) rmSync(dataFolder(wishes), { recursive: true });
  return machine;
}

/** True if the step is to be done. */
async function reach(name: string, step: StepName | "status" | "destroy" | "box add"): Promise<boolean> {
  const mishap = hypervisor.mishap(name, step);
  if (typeof mishap === "object") throw new VagrantError(mishap.kind, mishap.message);
  if (mishap === "fail") throw new VagrantError("Vagrant::Errors::FakeError", `it went wrong, at ${step}`);
  if (mishap === "die") process.kill(process.pid, "SIGKILL");
  if (mishap === "die" || mishap === "hang") await sleep(600_000);
  return mishap !== "skip";
}

/** The names of the provisioners to run. */
function provisioning(wishes: Wishes, args: readonly string[]): string[] {
  if (args.includes("--no-provision")) return [];
  const chosen = args.indexOf("--provision-with");
  return chosen < 0 ? wishes.provisioners.map(({ name }) => name) : (args[chosen + 1] ?? "").split(",");
}

/** Vagrant logs in with the keys of the Vagrantfile, or with the one that everybody has. */
function logIn(machine: FakeMachine, { keyFiles }: Wishes): void {
  const known = new Set(machine.authorized.map((line) => line.split(" ").slice(0, 2).join(" ")));
  if (known.has("insecure") || keyFiles.some((file) => known.has(publicKeyOf(readFileSync(file, "utf8")))))
    return;
  throw new VagrantError("Vagrant::Errors::SSHAuthenticationFailed", "SSH authentication failed!");
}

function applyIdentity(machine: FakeMachine, script: string): void {
  machine.hostname = /^name='(.*)'$/m.exec(script)?.[1] ?? machine.hostname;
  const key = /ssh-\S+ [A-Za-z0-9+/=]+/.exec(script)?.[0];
  if (!key) return;
  const others = script.includes("grep -vF") ? machine.authorized.filter((line) => line !== "insecure") : [];
  machine.authorized = [...others, key];
}

async function runProvisioners(machine: FakeMachine, wishes: Wishes, names: string[]): Promise<void> {
  if (names.length > 0) logIn(machine, wishes);
  for (const { name, script } of wishes.provisioners.filter((each) => names.includes(each.name))) {
    ui(`${wishes.name}: Running provisioner: ${name} (shell)...`);
    if (name === "identity") {
      if (await reach(wishes.name, "identity")) applyIdentity(machine, script);
    } else if (await reach(wishes.name, "script")) machine.scripts.push(script);
    hypervisor.save(machine);
  }
}

async function start(machine: FakeMachine, wishes: Wishes): Promise<void> {
  hypervisor.event(`boots ${wishes.name}`);
  await reach(wishes.name, "boot");
  // A paused machine goes on where it was: new resources are not seen.
  if (machine.state !== "paused") machine.memory = wishes.memory;
  Object.assign(machine, { state: "running", sshHost: wishes.sshHost, forwarded: wishes.forwarded });
  hypervisor.save(machine);
  hypervisor.event(`booted ${wishes.name}`);
}

async function make(wishes: Wishes, names: string[]): Promise<void> {
  const { name, box } = wishes;
  await reach(name, "box");
  if (box && !existsSync(join(boxFolder(box), wishes.boxVersion, wishes.hypervisor, "metadata.json")))
    throw new VagrantError("Vagrant::Errors::BoxNotFound", `The box '${box}' could not be found.`);
  if (wishes.hypervisor === "libvirt") await makeVolume(hypervisor, wishes, reach);
  if (hypervisor.machines().some((other) => other.domain === wishes.domain))
    throw new VagrantError(
      "VagrantPlugins::ProviderLibvirt::Errors::DomainNameExists",
      `Name \`${wishes.domain}\` of domain about to create is already taken.`,
    );
  const taken = new Set(
    hypervisor.machines().flatMap(({ state, forwarded }) => (state === "running" ? forwarded : [])),
  );
  const collision = wishes.forwarded.find((port) => taken.has(port));
  if (collision !== undefined)
    throw new VagrantError(
      "Vagrant::Errors::ForwardPortCollision",
      `the port ${collision} is already in use`,
    );
  const machine: FakeMachine = {
    ...wishes,
    box: `${box} ${wishes.boxVersion}`.trim(),
    state: "shutoff",
    network: false,
    authorized: hypervisor.boxKeys(),
    hostKey: newKeyPair(name).privateKey,
    hostname: "localhost",
    scripts: [],
  };
  hypervisor.save(machine);
  mkdirSync(dataFolder(wishes), { recursive: true });
  writeFileSync(idFile(wishes), machine.uuid);
  writeFileSync(
    join(dataFolder(wishes), "box_meta"),
    JSON.stringify({ name: box, version: wishes.boxVersion }),
  );
  await reach(name, "define");
  if (wishes.hypervisor === "libvirt") {
    await makeNetworks(hypervisor, wishes, reach);
    ui(`${name}: Starting domain.`);
  }
  await start(machine, wishes);
  machine.network = await reach(name, "network");
  await runProvisioners(machine, wishes, names);
}

async function up(wishes: Wishes, args: readonly string[]): Promise<void> {
  const names = provisioning(wishes, args);
  const machine = ownMachine(wishes);
  ui(`Bringing machine '${wishes.name}' up with '${wishes.hypervisor}' provider...`);
  if (!machine) return await make(wishes, names);
  if (machine.state === "inaccessible")
    throw new VagrantError("VagrantPlugins::ProviderLibvirt::Errors::FogError", "Domain is already running");
  await start(machine, wishes);
  await runProvisioners(machine, wishes, names);
}

async function reload(wishes: Wishes, args: readonly string[]): Promise<void> {
  const machine = ownMachine(wishes);
  if (!machine) return ui(`${wishes.name}: Domain is not created. Please run \`vagrant up\` first.`);
  machine.state = "shutoff";
  await start(machine, wishes);
  await runProvisioners(machine, wishes, provisioning(wishes, args));
}

async function provision(wishes: Wishes, args: readonly string[]): Promise<void> {
  const machine = ownMachine(wishes);
  if (machine?.state === "running") await runProvisioners(machine, wishes, provisioning(wishes, args));
}

async function status(wishes: Wishes): Promise<void> {
  const { name, hypervisor: provider } = wishes;
  await reach(name, "status");
  const state = ownMachine(wishes)?.state ?? "not_created";
  row(name, "metadata", "provider", provider);
  row(name, "provider-name", provider);
  row(name, "state", state);
  row(name, "state-human-short", state.replace("_", " "));
  row(name, "state-human-long", `The machine is, as it were, ${state}\nwith two lines`);
}

async function destroy(wishes: Wishes): Promise<void> {
  await reach(wishes.name, "destroy");
  const machine = ownMachine(wishes);
  if (!machine) return ui(`${wishes.name}: Domain is not created. Please run \`vagrant up\` first.`);
  hypervisor.remove(machine.uuid);
  rmSync(dataFolder(wishes), { recursive: true });
}

function setState(wishes: Wishes, state: string): void {
  if (ownMachine(wishes)) hypervisor.change(wishes.name, { state });
}

function ssh(wishes: Wishes): void {
  const machine = ownMachine(wishes);
  if (machine?.state !== "running")
    throw new VagrantError(
      "Vagrant::Errors::VMNotRunningError",
      `${wishes.name} must be running to open an SSH connection`,
    );
  process.stdout.write(addressLines(machine));
}

function sshConfig(wishes: Wishes): void {
  const machine = ownMachine(wishes);
  if (machine?.state !== "running")
    throw new VagrantError(
      "Vagrant::Errors::SSHNotReady",
      "The provider reports that it is not yet ready for SSH.",
    );
  row(
    wishes.name,
    "ssh-config",
    `Host ${wishes.name}\n  HostName 127.0.0.1\n  User vagrant\n  Port ${machine.sshHost}\n`,
  );
}

async function box([action = "", ...args]: readonly string[]): Promise<void> {
  if (action === "list") {
    mkdirSync(join(boxFolder(""), ".."), { recursive: true });
    return ui("There are no installed boxes!");
  }
  const option = (name: string): string | undefined => args[args.indexOf(name) + 1 || args.length];
  const name = option("--name") ?? args.at(-1) ?? "";
  await reach(name, "box add");
  await sleep(200);
  const folder = join(boxFolder(name), option("--box-version") ?? "0", option("--provider") ?? "libvirt");
  if (existsSync(folder))
    throw new VagrantError("Vagrant::Errors::BoxAlreadyExists", `The box ${name} is there already`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "metadata.json"), "{}");
}

/** Runs an action that changes a machine, unless another is at it: Vagrant locks a machine for one process. */
async function alone(wishes: Wishes, command: string, action: () => void | Promise<void>): Promise<void> {
  const lock = join(".vagrant", `${wishes.name}.lock`);
  const holder = existsSync(lock) ? Number(readFileSync(lock, "utf8")) : 0;
  if (holder && existsSync(`/proc/${holder}`))
    throw new VagrantError(
      "Vagrant::Errors::MachineActionLockedError",
      `An action '${command}' was attempted on the machine '${wishes.name}',\nbut another process is already executing an action on the machine.`,
    );
  mkdirSync(".vagrant", { recursive: true });
  writeFileSync(lock, String(process.pid));
  await action();
  rmSync(lock, { force: true });
}

async function vagrant(): Promise<void> {
  const [command = "", name = "", ...args] = given.filter((arg) => arg !== "--machine-readable");
  hypervisor.note({ command, machine: name, args });
  if (command === "box") return await box([name, ...args]);
  const wishes = readVagrantfile();
  if (name !== wishes.name)
    throw new VagrantError(
      "Vagrant::Errors::MachineNotFound",
      `The machine with the name '${name}' was not found configured for this Vagrant environment.`,
    );
  const commands: Record<string, () => void | Promise<void>> = {
    up: () => alone(wishes, "up", () => up(wishes, args)),
    reload: () => alone(wishes, "reload", () => reload(wishes, args)),
    provision: () => alone(wishes, "provision", () => provision(wishes, args)),
    status: () => status(wishes),
    destroy: () => alone(wishes, "destroy", () => destroy(wishes)),
    halt: () => setState(wishes, "shutoff"),
    suspend: () => setState(wishes, "paused"),
    ssh: () => ssh(wishes),
    "ssh-config": () => sshConfig(wishes),
  };
  const action = commands[command];
  if (!action) throw new VagrantError("Vagrant::Errors::CLIInvalidUsage", `no command ${command}`);
  process.stderr.write("/usr/lib/ruby/vendor_ruby/x.rb:1: warning: something, deprecated\n");
  if (existsSync(join(hypervisor.home, "no-provider")))
    throw new VagrantError("Vagrant::Errors::ProviderNotFound", "The provider could not be found");
  await action();
}

async function main(): Promise<void> {
  process.on("SIGINT", () => process.exit(1));
  try {
    if (program === "virsh") virsh(hypervisor, given);
    else if (program === "VBoxManage") vboxManage(hypervisor, given);
    else await vagrant();
  } catch (error) {
    if (!(error instanceof VagrantError)) throw error;
    row("", "ui", "error", error.message);
    row("", "error-exit", error.kind, error.message);
    process.exitCode = 1;
  }
}

void main();
