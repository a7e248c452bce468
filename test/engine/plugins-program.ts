import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installStandIn, wantedPlugins } from "../../lab/plugins/install";
import { packageRoot } from "../../local/root";
import { tryRun } from "../../local/run";
import { ensureToolchain } from "../../local/toolchain";
import type { FakeEngine } from "./plugins-engine";
import type { Sshd } from "./plugins-sshd";

/** What a test changes between two runs of the program. */
export interface Settings {
  stdin: string;
  trigger: string;
  env: string;
  image: string;
}

/** Uses each of the stand-ins' types, with a provider whose host is not known in the first preview. */
const program = `
const pulumi = require("@pulumi/pulumi");
const command = require("@pulumi/command");
const docker = require("@pulumi/docker");
const { settings, connection, host, sshOpts } = JSON.parse(require("node:fs").readFileSync("settings.json", "utf8"));
const common = { connection, addPreviousOutputInEnv: false };
const file = new command.remote.Command("file", {
  ...common,
  create: "cat > made; echo made",
  update: "cat > made; echo changed",
  delete: "rm made",
  stdin: pulumi.secret(settings.stdin),
});
new command.remote.Command("triggered", {
  ...common,
  create: "echo x >> triggered",
  delete: "echo y >> triggered",
  triggers: [settings.trigger],
}, { dependsOn: file, deleteBeforeReplace: true });
const provider = new docker.Provider("engine", { host: file.stdout.apply(() => host), sshOpts });
const image = new docker.RemoteImage("image", { name: settings.image, keepLocally: true }, { provider });
const container = new docker.Container("container", {
  name: "rancher",
  image: image.imageId,
  start: false,
  mustRun: false,
  restart: "no",
  privileged: true,
  destroyGraceSeconds: 30,
  envs: [pulumi.secret(settings.env)],
  mounts: [{ type: "bind", target: "/var/lib/rancher", source: "/rancher_data" }],
  ports: [{ internal: 443, external: 3300 }],
}, { provider });
exports.stdout = file.stdout;
exports.imageId = image.imageId;
exports.containerId = container.id;
`;

const project = `name: plugins
runtime:
  name: nodejs
  options:
    typescript: false
main: index.js
`;

export interface Outcome {
  code: number;
  /** What Pulumi printed, both streams. */
  text: string;
  /** Its summary, such as \`{ create: 5, same: 1 }\`; empty for a preview. */
  changes: Record<string, number>;
}

/** A stack of its own with the stand-ins in a Pulumi home of its own, as a program that uses the package. */
export class PluginStack {
  private constructor(
    private readonly folder: string,
    private readonly pulumiProgram: string,
    private readonly env: NodeJS.ProcessEnv,
    private readonly endpoint: object,
    public settings: Settings,
  ) {}

  /** @param programText default: one that uses each of the stand-ins' types */
  static async make(
    sshd: Sshd,
    engine: FakeEngine,
    settings: Settings,
    programText = program,
  ): Promise<PluginStack> {
    const toolchain = await ensureToolchain((line) => console.log(line));
    const folder = mkdtempSync(join(tmpdir(), "plugins-"));
    const modules = join(folder, "node_modules");
    for (const path of [join(modules, "ha-rancher"), join(folder, "backend"), join(folder, "home")]) {
      mkdirSync(path, { recursive: true });
    }
    symlinkSync(join(packageRoot, "node_modules", "@pulumi"), join(modules, "@pulumi"));
    // The package as npm would install it, with the code that this test was compiled with.
    const { name, version, exports } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
    writeFileSync(join(modules, "ha-rancher", "package.json"), JSON.stringify({ name, version, exports }));
    symlinkSync(join(__dirname, "..", ".."), join(modules, "ha-rancher", "dist"));
    writeFileSync(join(folder, "index.js"), programText);
    writeFileSync(join(folder, "Pulumi.yaml"), project);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "plugins", private: true }));
    const env = {
      ...process.env,
      PATH: `${toolchain.bin}:${process.env.PATH}`,
      PULUMI_HOME: join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "of the tests",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
    await Promise.all(wantedPlugins(env).map(installStandIn));
    const options = {
      UserKnownHostsFile: sshd.knownHostsFile,
      ConnectTimeout: "5",
      BatchMode: "yes",
      LogLevel: "ERROR",
    };
    const endpoint = {
      connection: {
        host: "127.0.0.1",
        port: sshd.port,
        user: sshd.user,
        privateKey: sshd.privateKey,
        hostKey: sshd.hostKey,
        dialErrorLimit: 1,
        perDialTimeout: 5,
      },
      host: `ssh://${sshd.user}@127.0.0.1:${sshd.port}`,
      sshOpts: [
        "-i",
        sshd.keyFile,
        ...Object.entries(options).flatMap(([key, value]) => ["-o", `${key}=${value}`]),
      ],
    };
    engine.registry.add(settings.image);
    const stack = new PluginStack(folder, join(toolchain.bin, "pulumi"), env, endpoint, settings);
    const { code, text } = await stack.pulumi("stack", "init", "test");
    if (code !== 0) throw new Error(text);
    return stack;
  }

  /** Puts another program in place of the one that is there. */
  write(text: string): void {
    writeFileSync(join(this.folder, "index.js"), text);
  }

  /** Runs the CLI in the program's folder, with the settings as they are now. */
  async pulumi(...args: string[]): Promise<Outcome> {
    writeFileSync(
      join(this.folder, "settings.json"),
      JSON.stringify({ ...this.endpoint, settings: this.settings }),
    );
    const result = await tryRun(this.pulumiProgram, [...args, "--non-interactive"], {
      cwd: this.folder,
      env: this.env,
      timeout: 300_000,
    });
    const text = `${result.stdout}\n${result.stderr}`;
    const changes: Record<string, number> = {};
    for (const [, sign, count, word] of text.matchAll(/^ {4}(\+-|[+~-]|)\s*(\d+) (\w+)$/gm)) {
      if (word) changes[word] = Number(count);
      else if (sign) changes[sign] = Number(count);
    }
    return { code: result.code, text, changes };
  }

  /** The state as it lies on the disk, secrets encrypted. */
  async state(): Promise<string> {
    return (await this.pulumi("stack", "export")).text;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
