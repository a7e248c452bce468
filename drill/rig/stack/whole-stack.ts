import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installStandIn, wantedPlugins } from "../../../lab/plugins/install";
import { packageRoot } from "../../../local/root";
import { type RunResult, run, tryRun } from "../../../local/run";
import { ensureToolchain, type Toolchain } from "../../../local/toolchain";
import { FakeHypervisor } from "../vagrant/fake-hypervisor";

/** The nodes and the VIP of the stack that {@link WholeStack} makes. */
const wholeStack = {
  vip: "192.168.56.10",
  nodes: { "rancher-1": "192.168.56.11", "rancher-2": "192.168.56.12" },
} as const;

/** Addresses at which further machines answer, once there are any. */
const further = { "rancher-3": "192.168.56.13", old: "192.168.56.14" };

const settings = `config:
  ha-rancher:vip: ${wholeStack.vip}/24
  ha-rancher:nodes:
${Object.entries(wholeStack.nodes)
  .map(([name, address]) => `    - { name: ${name}, address: ${address} }\n`)
  .join("")}  ha-rancher:hypervisor: libvirt
  ha-rancher:box: lab/debian
  ha-rancher:boxVersion: "1.0"
`;

const script = (file: string, ...words: string[]): void => {
  writeFileSync(file, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`);
  chmodSync(file, 0o755);
};

const home = (folder: string): string => join(folder, "hypervisor");

/** Programs that stand before others on PATH: the fake hypervisors, and what acts on nodes, on paper. */
function writePrograms(folder: string, { bin }: Toolchain): void {
  const own = join(folder, "bin");
  mkdirSync(own);
  const { execPath: node } = process;
  const vagrant = join(__dirname, "..", "vagrant", "fake-vagrant.js");
  for (const name of ["vagrant", "virsh", "VBoxManage"])
    script(join(own, name), node, vagrant, home(folder), name);
  const paper = join(folder, "paper");
  mkdirSync(paper);
  const provider = join(bin, "dynamic-provider.cjs");
  const [providers, plugin] = [join(__dirname, "paper-providers.js"), join(__dirname, "paper-plugin.js")];
  script(join(paper, "pulumi-resource-pulumi-nodejs"), node, "--require", providers, provider);
  for (const name of ["docker", "command"])
    script(join(paper, `pulumi-resource-${name}`), node, plugin, name);
}

/** The project's description without the process that it names for dynamic resources: that is on paper, or Pulumi's own. */
const withoutPlugins = (): string =>
  readFileSync(join(packageRoot, "Pulumi.yaml"), "utf8").replace(/^plugins:\n(?:[ #].*\n)+/m, "");

/** A project with this program, as if the package were installed. */
function writeProject(folder: string, stack: string): void {
  const modules = join(folder, "project", "node_modules");
  mkdirSync(join(modules, "@pulumi"), { recursive: true });
  symlinkSync(packageRoot, join(modules, "ha-rancher"));
  for (const name of ["pulumi", "policy"])
    symlinkSync(join(packageRoot, "node_modules", "@pulumi", name), join(modules, "@pulumi", name));
  const about = { name: "whole", private: true, main: "node_modules/ha-rancher/dist/index.js" };
  writeFileSync(join(folder, "project", "package.json"), JSON.stringify(about));
  writeFileSync(join(folder, "project", "Pulumi.yaml"), withoutPlugins());
  writeFileSync(join(folder, "project", `Pulumi.${stack}.yaml`), settings);
}

/** A command line of `ha-rancher`. */
export const haRancher = (...words: string[]): string[] => [
  process.execPath,
  join(packageRoot, "cli", "bootstrap.mjs"),
  ...words,
];

/** The fake hypervisor's box and networks. */
function provideBox(folder: string): void {
  const box = join(folder, "vagrant", "boxes", "lab-VAGRANTSLASH-debian", "1.0", "libvirt");
  mkdirSync(box, { recursive: true });
  writeFileSync(join(box, "metadata.json"), "{}");
  new FakeHypervisor(home(folder)).share({
    networks: ["vagrant-libvirt", "private"],
    volumes: { "lab-VAGRANTSLASH-debian_vagrant_box_image_1.0_box.img": true },
  });
}

/** Options that make or enter a network namespace, for root and for others. */
const asUser =
  process.getuid?.() === 0
    ? { make: [], enter: [] }
    : { make: ["-r"], enter: ["-U", "--preserve-credentials"] };

/**
 * The whole stack of this program with the real Pulumi, in a network namespace of its own: machines of the fake `vagrant`, and
 * nodes that answer as healthy ones do. What the resources would do on nodes is done on paper (paper-providers.ts) if it is
 * called by {@link WholeStack.shell}; {@link WholeStack.real} has the real providers, which a stack without changes asks for
 * nothing but differences.
 */
export class WholeStack {
  private constructor(
    readonly name: string,
    readonly folder: string,
    readonly project: string,
    /** The environment of programs that act on paper. */
    readonly env: NodeJS.ProcessEnv,
    private readonly toolchain: Toolchain,
    private readonly world: ChildProcess,
  ) {}

  static async make(name: string): Promise<WholeStack> {
    const toolchain = await ensureToolchain((line) => process.stderr.write(`${line}\n`));
    const folder = mkdtempSync(join(tmpdir(), `whole-${name}-`));
    for (const name of ["backend", "home"]) mkdirSync(join(folder, name));
    writePrograms(folder, toolchain);
    writeProject(folder, name);
    provideBox(folder);
    const nodes = Object.entries({ ...wholeStack.nodes, ...further }).map(
      ([node, address]) => `${node}=${address}`,
    );
    const words = ["--net", ...asUser.make, process.execPath, join(__dirname, "world.js")];
    const world = spawn("unshare", [...words, home(folder), wholeStack.vip, ...nodes], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(world.stdout as NonNullable<typeof world.stdout>, "data");
    const { HA_RANCHER_LAB: _, ...outside } = process.env;
    const env = {
      ...outside,
      HOME: join(folder, "home"),
      PATH: [join(folder, "paper"), join(folder, "bin"), toolchain.bin, process.env.PATH].join(":"),
      XDG_CACHE_HOME: join(folder, "cache"),
      XDG_DATA_HOME: join(folder, "data"),
      VAGRANT_HOME: join(folder, "vagrant"),
      PULUMI_HOME: join(folder, "cache", "ha-rancher", "pulumi"),
      PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "of the tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: "true",
      PULUMI_STACK: name,
      HA_RANCHER_STAND_INS: "1",
    };
    await Promise.all(wantedPlugins(env).map(installStandIn));
    const stack = new WholeStack(name, folder, join(folder, "project"), env, toolchain, world);
    await run("pulumi", ["stack", "init", name], { cwd: stack.project, env });
    return stack;
  }

  /** A command in the stack's network. */
  inside(...argv: string[]): string[] {
    return ["nsenter", "--target", String(this.world.pid), "--net", ...asUser.enter, "--", ...argv];
  }

  /** The environment of programs with the real providers. */
  get realEnv(): NodeJS.ProcessEnv {
    return { ...this.env, PATH: [join(this.folder, "bin"), this.toolchain.bin, process.env.PATH].join(":") };
  }

  private async run(argv: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<RunResult> {
    const [command = "", ...args] = this.inside(...argv);
    return await tryRun(command, args, { cwd, env });
  }

  /** Runs a line of a shell in the project's folder; what it does on nodes is done on paper. */
  shell = (line: string): Promise<RunResult> => this.run(["bash", "-c", line], this.project, this.env);

  /** Runs a program with the real providers in the project's folder. */
  real = (...argv: string[]): Promise<RunResult> => this.run(argv, this.project, this.realEnv);

  /** The file with its settings. */
  get settingsFile(): string {
    return join(this.project, `Pulumi.${this.name}.yaml`);
  }

  /** Makes the stack, on paper. */
  async up(): Promise<void> {
    mustEndWell(await this.shell("pulumi up --yes --skip-preview --non-interactive --color never"));
  }

  async close(): Promise<void> {
    const ended = once(this.world, "close");
    this.world.stdin?.end();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What it printed. @throws with that unless it ended well */
export function mustEndWell({ code, stdout, stderr }: RunResult): string {
  if (code !== 0) throw new Error(`it ended with code ${code}:\n${stdout}${stderr}`);
  return stdout;
}
