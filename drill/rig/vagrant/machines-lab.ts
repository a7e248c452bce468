import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { insideLabWith, type LabDescription, startLab, stopLab } from "../../../lab";
import { labHome } from "../../../local/paths";
import { type RunResult, tryRun } from "../../../local/run";
import { ensureToolchain, type Toolchain } from "../../../local/toolchain";
import { pulumiEnvironment } from "../../../local/toolchain/environment";
import { type PlainArgs, writeMachines, writeProject } from "./project";

const say = (line: string): void => console.log(line);

/** Stops the lab. The box and the image stay for the next test. */
async function forgetLab(): Promise<void> {
  await stopLab(say);
  rmSync(labHome(), { recursive: true, force: true });
}

/** A lab of its own with a Pulumi stack of machines; nothing else of this project is on them. */
export class MachinesLab {
  private readonly machines: Record<string, PlainArgs> = {};

  private constructor(
    readonly folder: string,
    readonly lab: LabDescription,
    private readonly toolchain: Toolchain,
  ) {}

  static async start(): Promise<MachinesLab> {
    process.env.HA_RANCHER_LAB_NAME = "machines";
    const folder = mkdtempSync(join(tmpdir(), "ha-rancher-machines-"));
    // For the machines' ports and folders; locks and boxes are shared with other labs.
    process.env.XDG_DATA_HOME = join(folder, "data");
    try {
      const toolchain = await ensureToolchain(say);
      const lab = await startLab(say);
      writeProject(folder);
      mkdirSync(join(folder, "backend"));
      const own = new MachinesLab(folder, lab, toolchain);
      writeMachines(folder, {});
      await own.must("pulumi", "stack", "init", "machines");
      return own;
    } catch (error) {
      await forgetLab();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  directoryOf(name: string): string {
    return join(this.folder, "machines", name);
  }

  /** The arguments of a machine in the lab. */
  argsOf(name: string, address: string, changes: PlainArgs = {}): PlainArgs {
    const { lab } = this;
    return {
      name,
      directory: this.directoryOf(name),
      box: lab.box.name,
      boxVersion: lab.box.version,
      guest: "debian",
      networkd: true,
      hypervisor: "libvirt",
      cpus: 1,
      memory: 768,
      networks: [{ type: "private", address, name: lab.privateNetwork.name }],
      libvirt: {
        uri: lab.libvirtUri,
        driver: lab.accelerator === "kvm" ? "kvm" : "qemu",
        managementNetwork: lab.managementNetwork,
      },
      ...changes,
    };
  }

  /** Adds a machine to the program, changes one, or takes one out. */
  set(name: string, args: PlainArgs | undefined): void {
    if (args) this.machines[name] = { ...this.machines[name], ...args };
    else delete this.machines[name];
    writeMachines(this.folder, this.machines);
  }

  /** Runs a program in the lab's network, in the project's folder. */
  async try(...argv: string[]): Promise<RunResult> {
    const pulumi = pulumiEnvironment(this.toolchain, {
      HA_RANCHER_LAB: join(this.lab.home, "lab.json"),
      PULUMI_BACKEND_URL: `file://${join(this.folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "of the tests",
    });
    const { command, args, env } = insideLabWith(this.lab, argv, pulumi);
    return await tryRun(command, args, { cwd: this.folder, env, timeout: 20 * 60_000 });
  }

  /** As `try`. @returns what it printed @throws with that if it failed */
  async must(...argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(...argv);
    if (code !== 0) throw new Error(`${argv.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Runs `pulumi`, and shows how long it took. */
  async pulumi(command: string, ...args: string[]): Promise<string> {
    const start = performance.now();
    const confirm = command === "preview" || command === "state" ? [] : ["--yes", "--skip-preview"];
    const shown = await this.must(
      "pulumi",
      command,
      ...args,
      ...confirm,
      "--non-interactive",
      "--stack",
      "machines",
    );
    say(`pulumi ${command}: ${((performance.now() - start) / 1000).toFixed(1)} s`);
    return shown;
  }

  /** A machine's outputs and urn in the stack's state; undefined if it is not there. */
  async recorded(name: string): Promise<{ urn: string; outputs: Record<string, unknown> } | undefined> {
    const state = JSON.parse(await this.must("pulumi", "stack", "export", "--stack", "machines")) as {
      deployment: { resources?: { urn: string; outputs: Record<string, unknown> }[] };
    };
    return state.deployment.resources?.find(({ urn }) => urn.endsWith(`vagrant:Machine::${name}`));
  }

  async machineId(name: string): Promise<string> {
    return String((await this.recorded(name))?.outputs.machineId ?? "");
  }

  /** Runs a command on a machine, as a person would with what the outputs say. */
  async ssh(name: string, address: string, command: string): Promise<string> {
    const directory = String((await this.recorded(name))?.outputs.directory);
    const options = ["-o", `UserKnownHostsFile=${join(directory, "known_hosts")}`, "-o", "BatchMode=yes"];
    return (
      await this.must("ssh", "-i", join(directory, "id_ed25519"), ...options, `vagrant@${address}`, command)
    ).trim();
  }

  /** Removes everything, in any state. */
  async end(): Promise<void> {
    if (existsSync(this.folder))
      await this.try("pulumi", "destroy", "--yes", "--skip-preview", "--stack", "machines");
    await forgetLab();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
