import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A machine of the fake hypervisor: what a real one would keep of it, whatever Vagrant remembers. */
export interface FakeMachine {
  uuid: string;
  /** The hypervisor's name of it: taken only once. */
  domain: string;
  /** Vagrant's name of it. */
  name: string;
  hypervisor: string;
  state: string;
  box: string;
  memory: number;
  /** Addresses with prefixes, in the order of its networks. */
  addresses: string[];
  /** The port of this host that leads to its SSH server. */
  sshHost: number | undefined;
  /** All ports of this host that lead to it. */
  forwarded: number[];
  /** Whether its system has its addresses: not so after a killed `up`. */
  network: boolean;
  /** Public keys that may log in. */
  authorized: string[];
  /** The private host key. */
  hostKey: string;
  hostname: string;
  /** Scripts that ran on it, in order. */
  scripts: string[];
}

/** The addresses of a machine, as `ip -4 -o addr show` prints them. */
export function addressLines(machine: FakeMachine): string {
  const line = (index: number, name: string, address: string): string =>
    `${index}: ${name}    inet ${address} scope global ${name}\\       valid_lft forever preferred_lft forever\n`;
  const own = machine.network ? machine.addresses : [];
  return (
    line(1, "lo", "127.0.0.1/8") +
    line(2, "eth0", "192.168.121.7/24") +
    own.map((address, i) => line(i + 3, `eth${i + 1}`, address)).join("")
  );
}

/** One command that was given to the fake `vagrant`. */
export interface Call {
  command: string;
  machine: string;
  args: string[];
}

/** What happens at a step: an error of Vagrant's, sudden death, no end, or the step left out without a word. */
type Mishap = "fail" | "die" | "hang" | "skip" | { kind: string; message: string };

/** The steps of `vagrant up` that a mishap can hit, in order. */
export const steps = [
  "box",
  "upload",
  "define",
  "networks",
  "boot",
  "network",
  "identity",
  "script",
] as const;
export type StepName = (typeof steps)[number];

/** What the machines of the fake libvirt have in common. */
export interface Shared {
  /** By name; false while it is being made, and for ever if that was interrupted. */
  volumes: Record<string, boolean>;
  networks: string[];
}

/** The fake hypervisor's memory: files in one folder, shared by the fake `vagrant` and the tests. */
export class FakeHypervisor {
  constructor(readonly home: string) {
    for (const folder of ["machines", "mishaps"]) mkdirSync(join(home, folder), { recursive: true });
  }

  machines(): FakeMachine[] {
    return readdirSync(join(this.home, "machines"))
      .filter((file) => file.endsWith(".json"))
      .flatMap((file) => this.find(file.replace(/\.json$/, "")) ?? []);
  }

  find(uuid: string): FakeMachine | undefined {
    try {
      return JSON.parse(readFileSync(join(this.home, "machines", `${uuid}.json`), "utf8")) as FakeMachine;
    } catch {
      return undefined;
    }
  }

  /** The machine of that name; there must be one. */
  named(name: string): FakeMachine {
    const machine = this.machines().find((each) => each.name === name);
    if (!machine) throw new Error(`the fake hypervisor has no machine ${name}`);
    return machine;
  }

  save(machine: FakeMachine): void {
    const file = join(this.home, "machines", `${machine.uuid}.json`);
    writeFileSync(`${file}.new`, JSON.stringify(machine));
    renameSync(`${file}.new`, file);
  }

  change(name: string, changes: Partial<FakeMachine>): void {
    this.save({ ...this.named(name), ...changes });
  }

  remove(uuid: string): void {
    rmSync(join(this.home, "machines", `${uuid}.json`), { force: true });
  }

  shared(): Shared {
    const file = join(this.home, "shared.json");
    if (!existsSync(file)) return { volumes: {}, networks: [] };
    return JSON.parse(readFileSync(file, "utf8")) as Shared;
  }

  share(changes: Partial<Shared>): void {
    const file = join(this.home, "shared.json");
    writeFileSync(`${file}.new`, JSON.stringify({ ...this.shared(), ...changes }));
    renameSync(`${file}.new`, file);
  }

  /** Lets a step of a machine go wrong, once. */
  plan(name: string, step: StepName | "status" | "destroy" | "box add", mishap: Mishap): void {
    writeFileSync(join(this.home, "mishaps", `${name}.${step}`), JSON.stringify(mishap));
  }

  /** True until the mishap has happened. */
  isPlanned(name: string, step: StepName): boolean {
    return existsSync(join(this.home, "mishaps", `${name}.${step}`));
  }

  /** The mishap that is planned for a step; it is used up. */
  mishap(name: string, step: string): Mishap | undefined {
    const file = join(this.home, "mishaps", `${name}.${step}`);
    if (!existsSync(file)) return undefined;
    const mishap = JSON.parse(readFileSync(file, "utf8")) as Mishap;
    rmSync(file);
    return mishap;
  }

  /** Lets a key, as its public half, open every new machine, besides the one that everybody has. */
  setBoxKey(publicKey: string): void {
    writeFileSync(join(this.home, "box-key"), publicKey);
  }

  boxKeys(): string[] {
    const file = join(this.home, "box-key");
    return ["insecure", ...(existsSync(file) ? [readFileSync(file, "utf8")] : [])];
  }

  note(call: Call): void {
    this.append("calls", JSON.stringify(call));
  }

  /** Notes what happens, in order, whoever does it. */
  event(text: string): void {
    this.append("events", text);
  }

  events(): string[] {
    const file = join(this.home, "events");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  private append(name: string, line: string): void {
    writeFileSync(join(this.home, name), `${line}\n`, { flag: "a" });
  }

  /** The calls since the last time this was asked, in order. */
  takeCalls(): Call[] {
    const file = join(this.home, "calls");
    if (!existsSync(file)) return [];
    const text = readFileSync(file, "utf8");
    rmSync(file);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Call);
  }
}
