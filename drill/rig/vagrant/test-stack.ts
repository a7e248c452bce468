import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureToolchain, type Toolchain } from "../../../local/toolchain";
import { FakeGuests } from "./fake-guests";
import { type Call, FakeHypervisor } from "./fake-hypervisor";
import { processesIn, watchMemory } from "./processes";
import { type PlainArgs, writeMachines, writeProject } from "./project";

export interface Outcome {
  code: number;
  /** What Pulumi printed, both streams. */
  text: string;
}

/** A resource in the stack's state. */
export interface StateResource {
  urn: string;
  type: string;
  id: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
}

let toolchain: Promise<Toolchain> | undefined;

/**
 * A Pulumi stack of its own: a program that uses the package as installed from npm, the real CLI with a backend,
 * a home and plugins in a temporary folder, and a fake hypervisor under a fake \`vagrant\`.
 */
export class TestStack {
  readonly hypervisor: FakeHypervisor;
  readonly guests: FakeGuests;
  private readonly machines: Record<string, PlainArgs> = {};
  private readonly running = new Set<ChildProcess>();

  private constructor(
    private readonly name: string,
    readonly folder: string,
    private readonly world: string,
    readonly env: NodeJS.ProcessEnv,
  ) {
    this.hypervisor = new FakeHypervisor(join(world, "hypervisor"));
    this.guests = new FakeGuests(this.hypervisor);
  }

  /**
   * @param name of the stack; no two tests that run at the same time use the same addresses
   * @param beside a stack on the same machine: one hypervisor, one user, one Vagrant home
   * @param programFile a compiled program in place of the one that makes what {@link add} says
   */
  static async make(name: string, beside?: TestStack, programFile?: string): Promise<TestStack> {
    toolchain ??= ensureToolchain((line) => console.log(line));
    const folder = mkdtempSync(join(tmpdir(), `engine-${name}-`));
    const world = beside?.world ?? folder;
    const bin = join(folder, "bin");
    for (const path of [bin, join(folder, "backend"), join(folder, "home")])
      mkdirSync(path, { recursive: true });
    writeProject(folder, programFile);
    for (const command of ["vagrant", "virsh", "VBoxManage"]) {
      const script = [
        process.execPath,
        join(__dirname, "fake-vagrant.js"),
        join(world, "hypervisor"),
        command,
      ];
      writeFileSync(join(bin, command), `#!/bin/sh\nexec ${script.map((w) => `'${w}'`).join(" ")} "$@"\n`);
      chmodSync(join(bin, command), 0o755);
    }
    const env = {
      ...process.env,
      PATH: `${bin}:${(await toolchain).bin}:${process.env.PATH}`,
      XDG_CACHE_HOME: join(world, "cache"),
      XDG_DATA_HOME: join(world, "data"),
      VAGRANT_HOME: join(world, "vagrant"),
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "of the tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
    const stack = new TestStack(name, folder, world, env);
    if (!beside) stack.provideBoxes();
    stack.writeProgram();
    const { code, text } = await stack.pulumi("stack", "init", name);
    if (code !== 0) throw new Error(text);
    return stack;
  }

  boxFolder(version: string, hypervisor = "libvirt"): string {
    return join(this.world, "vagrant", "boxes", "lab-VAGRANTSLASH-debian", version, hypervisor);
  }

  /** Lets Vagrant have two versions of a box, and libvirt what its machines share. */
  private provideBoxes(): void {
    const versions = ["1.0", "2.0"];
    for (const version of versions)
      for (const hypervisor of ["libvirt", "virtualbox"]) {
        const box = this.boxFolder(version, hypervisor);
        mkdirSync(box, { recursive: true });
        writeFileSync(join(box, "metadata.json"), "{}");
      }
    const volume = (version: string): string =>
      `lab-VAGRANTSLASH-debian_vagrant_box_image_${version}_box.img`;
    this.hypervisor.share({
      networks: ["vagrant-libvirt", "private"],
      volumes: Object.fromEntries(versions.map((version) => [volume(version), true])),
    });
  }

  private writeProgram(): void {
    writeMachines(this.folder, this.machines);
  }

  directoryOf(name: string): string {
    return join(this.folder, "machines", name);
  }

  /** Adds a machine to the program, with an address on the loopback interface that will answer. */
  async add(name: string, address: string, args: PlainArgs = {}): Promise<void> {
    this.change(name, {
      name,
      directory: this.directoryOf(name),
      box: "lab/debian",
      boxVersion: "1.0",
      hypervisor: "libvirt",
      networks: [{ type: "private", address: `${address}/8`, name: "private" }],
      sshPort: await this.guests.listen(address),
      ...args,
    });
  }

  /** Changes a machine's inputs in the program. */
  change(name: string, args: PlainArgs): void {
    this.machines[name] = { ...this.machines[name], ...args };
    this.writeProgram();
  }

  remove(name: string): void {
    delete this.machines[name];
    this.writeProgram();
  }

  /** Starts the CLI; {@link finish} waits for it. */
  start(...args: string[]): ChildProcess {
    const child = spawn("pulumi", [...args, "--non-interactive", "--color", "never"], {
      cwd: this.folder,
      env: this.env,
    });
    this.running.add(child);
    child.once("close", () => this.running.delete(child));
    return child;
  }

  async finish(child: ChildProcess): Promise<Outcome> {
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (data: string) => {
        text += data;
      });
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (value) => resolve(value ?? 128));
    });
    return { code, text };
  }

  async pulumi(...args: string[]): Promise<Outcome> {
    return await this.finish(this.start(...args));
  }

  async up(...args: string[]): Promise<Outcome> {
    return await this.pulumi("up", "--yes", "--skip-preview", ...args);
  }

  /** Like {@link up}, and throws with what Pulumi printed unless it ends well. */
  async mustUp(...args: string[]): Promise<string> {
    return mustEndWell(await this.up(...args));
  }

  /** Notes what differs from the program outside of it. */
  async mustRefresh(): Promise<string> {
    return mustEndWell(await this.pulumi("refresh", "--yes", "--skip-preview"));
  }

  /** Throws unless the program asks for no changes. */
  async mustBeUnchanged(): Promise<string> {
    return mustEndWell(await this.pulumi("preview", "--expect-no-changes"));
  }

  async mustDestroy(): Promise<string> {
    return mustEndWell(await this.pulumi("destroy", "--yes", "--skip-preview"));
  }

  /** The text of the stack's state, as the backend keeps it. */
  stateText(): string {
    return readFileSync(
      join(this.folder, "backend", ".pulumi", "stacks", "engine", `${this.name}.json`),
      "utf8",
    );
  }

  /** The machines in the stack's state, by resource name. */
  state(): Map<string, StateResource> {
    const { checkpoint } = JSON.parse(this.stateText()) as {
      checkpoint: { latest: { resources?: StateResource[] } };
    };
    const machines = (checkpoint.latest.resources ?? []).filter(({ type }) =>
      type.endsWith("vagrant:Machine"),
    );
    return new Map(machines.map((machine) => [machine.urn.replace(/.*::/, ""), machine]));
  }

  /** Watches how much memory the provider's process takes; `stop` gives the most, in MB. Linux only. */
  watchProvider(): { stop(): number } {
    return watchMemory(this.folder);
  }

  /** Makes a program as good as not installed, or gives it back. Another of that name further on in PATH is hidden, too. */
  hideProgram(name: "vagrant" | "virsh", hidden: boolean): void {
    const path = join(this.folder, "bin", name);
    renameSync(hidden ? path : `${path}.hidden`, hidden ? `${path}.hidden` : path);
    if (hidden) writeFileSync(path, "#!/nonexistent\n", { mode: 0o755 });
  }

  /** The commands about machines since the last time, as `machine command`, in order for each machine. */
  calls(): string[] {
    return this.takeCalls()
      .filter(({ machine }) => machine)
      .map(({ machine, command }) => `${machine} ${command}`);
  }

  takeCalls(): Call[] {
    return this.hypervisor.takeCalls().sort((a, b) => a.machine.localeCompare(b.machine));
  }

  /** Waits until the fake hypervisor is as wanted, at most a minute. */
  async until(condition: () => boolean): Promise<void> {
    for (let i = 0; i < 600; i++) {
      if (condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("it did not come to that within a minute");
  }

  hasFolder(name: string): boolean {
    return existsSync(this.directoryOf(name));
  }

  async close(): Promise<void> {
    // Something runs only if the test was given up: it must not write into a folder that is gone.
    const ended = [...this.running].map((child) => once(child, "close"));
    for (const child of this.running) child.kill("SIGKILL");
    await Promise.all(ended);
    await this.guests.close();
    // What a killed Pulumi left behind works in the test's own folder.
    for (const pid of processesIn(this.folder)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // Ended meanwhile.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function mustEndWell({ code, text }: Outcome): string {
  if (code !== 0) throw new Error(`pulumi ended with code ${code}:\n${text}`);
  return text;
}
