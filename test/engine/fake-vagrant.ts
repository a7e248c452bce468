import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { newKeyPair } from "../../providers/vagrant/keys";
import { addressLines, FakeHypervisor, type FakeMachine, type StepName } from "./fake-hypervisor";

/*
 * Stands for `vagrant` and `virsh` in tests: the same arguments, rows, exit codes and traps as Vagrant 2.3 with
 * vagrant-libvirt, for the kind of Vagrantfile that this project generates. Its first argument is the folder
 * where it keeps what a hypervisor would keep.
 */

const [home = "", program = "", ...given] = process.argv.slice(2);
const hypervisor = new FakeHypervisor(home);

class VagrantError extends Error {
  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

function row(target: string, type: string, ...data: string[]): void {
  const plain = data.map((text) =>
    text.replace(/,/g, "%!(VAGRANT_COMMA)").replace(/\n/g, "\\n").replace(/\r/g, "\\r"),
  );
  process.stdout.write(`${Math.floor(Date.now() / 1000)},${target},${type},${plain.join(",")}\n`);
}

const ui = (text: string): void => row("", "ui", "info", `==> ${text}`);

const rubyText = (literal: string): string =>
  literal
    .slice(1, -1)
    .replace(/\\(?:u\{([0-9a-f]+)\}|(.))/g, (_, code: string | undefined, character: string) =>
      code ? String.fromCodePoint(Number.parseInt(code, 16)) : ({ n: "\n", t: "\t" }[character] ?? character),
    );

/** What the fake understands of a Vagrantfile. */
interface Wishes {
  name: string;
  box: string;
  address: string;
  memory: number;
  uuid: string;
  domain: string;
  publicKey: string;
  script: string | undefined;
}

function readVagrantfile(): Wishes {
  const text = readFileSync("Vagrantfile", "utf8");
  const literal = (before: string): string | undefined => {
    const match = new RegExp(`${before}("(?:[^"\\\\]|\\\\.)*")`).exec(text)?.[1];
    return match === undefined ? undefined : rubyText(match);
  };
  const number = (before: string): number => Number(new RegExp(`${before}(\\d+)`).exec(text)?.[1]);
  const name = literal("config\\.vm\\.define ") ?? "";
  const netmask = literal("netmask: ") ?? "";
  const bits = netmask
    .split(".")
    .map((part) => Number(part).toString(2).replace(/0/g, ""))
    .join("").length;
  const identity = literal('"identity", type: "shell", privileged: true, inline: ') ?? "";
  return {
    name,
    box: `${literal("config\\.vm\\.box = ")} ${literal("config\\.vm\\.box_version = ") ?? ""}`.trim(),
    address: `${literal("ip: ")}/${bits}`,
    memory: number("hypervisor\\.memory = "),
    uuid: literal("hypervisor\\.uuid = ") ?? randomUUID(),
    domain: (literal("hypervisor\\.default_prefix = ") ?? "") + name,
    publicKey: /ssh-ed25519 [A-Za-z0-9+/=]+/.exec(identity)?.[0] ?? "",
    script: literal('"script", type: "shell", privileged: true, inline: '),
  };
}

const idFile = (name: string): string => join(".vagrant", "machines", name, "libvirt", "id");

function ownMachine(name: string): FakeMachine | undefined {
  if (!existsSync(idFile(name))) return undefined;
  const machine = hypervisor.find(readFileSync(idFile(name), "utf8"));
  // As Vagrant does when it finds that a machine is gone.
  if (!machine) rmSync(join(".vagrant", "machines", name), { recursive: true });
  return machine;
}

/** True if the step is to be done. */
async function reach(name: string, step: StepName | "status" | "destroy"): Promise<boolean> {
  const mishap = hypervisor.mishap(name, step);
  if (mishap === "fail") throw new VagrantError("Vagrant::Errors::FakeError", `it went wrong, at ${step}`);
  if (mishap === "die") process.kill(process.pid, "SIGKILL");
  if (mishap === "die" || mishap === "hang") await new Promise((resolve) => setTimeout(resolve, 600_000));
  return mishap !== "skip";
}

type Provisioning = "all" | "script" | "none";

function provisioning(args: readonly string[]): Provisioning {
  if (args.includes("--no-provision")) return "none";
  return args.includes("--provision-with") ? "script" : "all";
}

async function runProvisioners(machine: FakeMachine, wishes: Wishes, which: Provisioning): Promise<void> {
  if (which === "all" && (await reach(wishes.name, "identity"))) machine.authorized = [wishes.publicKey];
  if (which !== "none" && wishes.script !== undefined) {
    ui(`${wishes.name}: Running provisioner: script (shell)...`);
    if (await reach(wishes.name, "script")) machine.scripts.push(wishes.script);
  }
  hypervisor.save(machine);
}

function start(machine: FakeMachine, wishes: Wishes): void {
  // A paused machine goes on where it was: new resources are not seen.
  if (machine.state !== "paused") machine.memory = wishes.memory;
  machine.state = "running";
  hypervisor.save(machine);
}

async function make(wishes: Wishes, which: Provisioning): Promise<void> {
  const { name } = wishes;
  await reach(name, "box");
  if (hypervisor.machines().some((other) => other.domain === wishes.domain))
    throw new VagrantError(
      "VagrantPlugins::ProviderLibvirt::Errors::DomainNameExists",
      `Name \`${wishes.domain}\` of domain about to create is already taken.`,
    );
  const machine: FakeMachine = {
    ...wishes,
    state: "shutoff",
    network: false,
    authorized: ["insecure"],
    hostKey: newKeyPair(name).privateKey,
    scripts: [],
  };
  hypervisor.save(machine);
  mkdirSync(dirname(idFile(name)), { recursive: true });
  writeFileSync(idFile(name), machine.uuid);
  await reach(name, "define");
  await reach(name, "boot");
  start(machine, wishes);
  machine.network = await reach(name, "network");
  await runProvisioners(machine, wishes, which);
}

async function up(wishes: Wishes, args: readonly string[]): Promise<void> {
  const which = provisioning(args);
  const machine = ownMachine(wishes.name);
  ui(`Bringing machine '${wishes.name}' up with 'libvirt' provider...`);
  if (!machine) return await make(wishes, which);
  if (machine.state === "inaccessible")
    throw new VagrantError("VagrantPlugins::ProviderLibvirt::Errors::FogError", "Domain is already running");
  await reach(wishes.name, "boot");
  start(machine, wishes);
  await runProvisioners(machine, wishes, which);
}

async function reload(wishes: Wishes, args: readonly string[]): Promise<void> {
  const machine = ownMachine(wishes.name);
  if (!machine) return ui(`${wishes.name}: Domain is not created. Please run \`vagrant up\` first.`);
  machine.state = "shutoff";
  start(machine, wishes);
  await runProvisioners(machine, wishes, provisioning(args));
}

async function provision(wishes: Wishes, args: readonly string[]): Promise<void> {
  const machine = ownMachine(wishes.name);
  if (machine?.state === "running") await runProvisioners(machine, wishes, provisioning(args));
}

async function status({ name }: Wishes): Promise<void> {
  await reach(name, "status");
  const state = ownMachine(name)?.state ?? "not_created";
  row(name, "metadata", "provider", "libvirt");
  row(name, "provider-name", "libvirt");
  row(name, "state", state);
  row(name, "state-human-short", state.replace("_", " "));
  row(name, "state-human-long", `The machine is, as it were, ${state}\nwith two lines`);
}

async function destroy({ name }: Wishes): Promise<void> {
  await reach(name, "destroy");
  const machine = ownMachine(name);
  if (!machine) return ui(`${name}: Domain is not created. Please run \`vagrant up\` first.`);
  hypervisor.remove(machine.uuid);
  rmSync(join(".vagrant", "machines", name), { recursive: true });
}

function setState({ name }: Wishes, state: string): void {
  if (ownMachine(name)) hypervisor.change(name, { state });
}

function ssh({ name }: Wishes): void {
  const machine = ownMachine(name);
  if (machine?.state !== "running")
    throw new VagrantError(
      "Vagrant::Errors::VMNotRunningError",
      `${name} must be running to open an SSH connection`,
    );
  process.stdout.write(addressLines(machine));
}

function sshConfig({ name }: Wishes): void {
  const machine = ownMachine(name);
  if (machine?.state !== "running")
    throw new VagrantError(
      "Vagrant::Errors::SSHNotReady",
      "The provider reports that it is not yet ready for SSH.",
    );
  row(name, "ssh-config", `Host ${name}\n  HostName ${machine.address.replace(/\/.*/, "")}\n`);
}

async function vagrant(): Promise<void> {
  const [command = "", name = "", ...args] = given.filter((arg) => arg !== "--machine-readable");
  hypervisor.note({ command, machine: name, args });
  const wishes = readVagrantfile();
  if (name !== wishes.name)
    throw new VagrantError(
      "Vagrant::Errors::MachineNotFound",
      `The machine with the name '${name}' was not found configured for this Vagrant environment.`,
    );
  const commands: Record<string, () => void | Promise<void>> = {
    up: () => up(wishes, args),
    reload: () => reload(wishes, args),
    provision: () => provision(wishes, args),
    status: () => status(wishes),
    destroy: () => destroy(wishes),
    halt: () => setState(wishes, "shutoff"),
    suspend: () => setState(wishes, "paused"),
    ssh: () => ssh(wishes),
    "ssh-config": () => sshConfig(wishes),
  };
  const action = commands[command];
  if (!action) throw new VagrantError("Vagrant::Errors::CLIInvalidUsage", `no command ${command}`);
  process.stderr.write("/usr/lib/ruby/vendor_ruby/x.rb:1: warning: something, deprecated\n");
  await action();
}

function virsh(): void {
  const uuid = given.at(-1) ?? "";
  hypervisor.note({
    command: `virsh ${given.at(-2)}`,
    machine: hypervisor.find(uuid)?.name ?? "",
    args: given,
  });
  const machine = hypervisor.find(uuid);
  if (machine) hypervisor.save({ ...machine, state: "shutoff" });
}

async function main(): Promise<void> {
  process.on("SIGINT", () => process.exit(1));
  try {
    if (program === "virsh") virsh();
    else await vagrant();
  } catch (error) {
    if (!(error instanceof VagrantError)) throw error;
    row("", "ui", "error", error.message);
    row("", "error-exit", error.kind, error.message);
    process.exitCode = 1;
  }
}

void main();
