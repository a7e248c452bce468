import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shellQuote } from "../../domain/shell-quote";
import { type LabDescription, startLab, stopLab } from "../../lab";
import { insideLab } from "../../lab/environment";
import { managementNetwork, registryMirror } from "../../lab/layout";
import { networkXml } from "../../lab/libvirt/networks";
import { packageRoot } from "../../local/root";
import { type RunResult, tryRun } from "../../local/run";
import { newKeyPair } from "../../providers/vagrant/keys";
import { unasked } from "../lab/unasked";
import { DebianMirror, mirrorName, relayProgram } from "./debian-mirror";
import { type Domain, domainXml, type ForeignHost, type Login } from "./foreign-hosts";
import { patient } from "./patient";

const say = (line: string): void => console.log(line);
const program = join(packageRoot, "cli", "bootstrap.mjs");
const stack = "test-foreign";
const stackFile = join(packageRoot, `Pulumi.${stack}.yaml`);
const limit = 60 * 60_000;

/** Where the lab's network has the files that are served to it. */
const served = { port: 8099, address: "127.0.0.1" };

/** The management network with names: its machines find Debian's archive by them. */
const namedNetwork = (): string =>
  networkXml(managementNetwork).replace(
    '<dns enable="no"/>',
    `<dns><host ip="${managementNetwork.hostAddress}"><hostname>${mirrorName}</hostname></host></dns>`,
  );

/**
 * A lab of the test's own with systems in it that know nothing of this project, Debian's archive for them, and this project's
 * commands in its shell.
 */
export class ForeignWorld {
  private readonly domains: string[] = [];
  private relay: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly lab: LabDescription,
    private readonly mirror: DebianMirror,
    readonly publicKey: string,
  ) {}

  /** @param files that the lab's loopback serves, by path */
  static async start(files: Readonly<Record<string, string>>): Promise<ForeignWorld> {
    process.env.HA_RANCHER_LAB_NAME = "foreign";
    const folder = mkdtempSync(join(tmpdir(), "ha-rancher-foreign-"));
    process.env.XDG_DATA_HOME = join(folder, "data");
    const lab = await startLab(say);
    const mirror = await DebianMirror.start(join(folder, "archive"), files);
    const { privateKey, publicKey } = newKeyPair("owner");
    writeFileSync(join(folder, "key"), privateKey, { mode: 0o600 });
    const world = new ForeignWorld(folder, lab, mirror, publicKey);
    await world.giveNames();
    await world.serve();
    return world;
  }

  get keyFile(): string {
    return join(this.folder, "key");
  }

  /** The address at which programs in the lab's network find a served file. */
  urlOf(path: string): string {
    return `http://${served.address}:${served.port}${path}`;
  }

  private async giveNames(): Promise<void> {
    const file = join(this.folder, "network.xml");
    writeFileSync(file, namedNetwork());
    for (const args of [
      ["net-destroy", managementNetwork.name],
      ["net-undefine", managementNetwork.name],
      ["net-define", file],
      ["net-start", managementNetwork.name],
    ])
      await this.must(["virsh", ...args]);
  }

  /** Serves Debian's archive and the given files in the lab's network, once it has its addresses. */
  private async serve(): Promise<void> {
    const places = [`${managementNetwork.hostAddress}:80`, `${served.address}:${served.port}`];
    const { command, args } = insideLab(this.lab, [
      ...["setpriv", "--pdeathsig", "KILL"],
      ...[process.execPath, "-e", relayProgram, this.mirror.socket, ...places],
    ]);
    this.relay = spawn(command, args, { stdio: "inherit" });
    const asked = ["curl", "-sI", "-m", "20", "--retry", "20", "--retry-connrefused", this.urlOf("/")];
    const { stdout } = await this.try(asked);
    if (!stdout.startsWith("HTTP/")) throw new Error("nothing in the lab's network serves Debian's archive");
  }

  async try(argv: string[], extra: NodeJS.ProcessEnv = {}): Promise<RunResult> {
    const { command, args, env } = insideLab(this.lab, argv, {
      HA_RANCHER_LAB_NAME: "foreign",
      XDG_DATA_HOME: process.env.XDG_DATA_HOME,
      ...extra,
    });
    return await tryRun(command, args, { cwd: packageRoot, env, timeout: limit });
  }

  /** Gives what it printed; throws with that unless it ended well. */
  async must(argv: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.try(argv);
    console.log(`--- ${argv.slice(0, 8).join(" ")} -> ${code}\n${stdout}${stderr}`.trimEnd());
    if (code !== 0) throw new Error(`${argv.join(" ")} ended with code ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** Writes the stack's file. The nodes' Docker asks the lab's registry, as it would one of the user's own. */
  write(settings: Record<string, unknown>): void {
    const config = {
      ...{ environment: "dev", registryMirrors: [registryMirror] },
      ...patient,
      ...settings,
    };
    const named = Object.entries(config).map(([name, value]) => [`ha-rancher:${name}`, value]);
    writeFileSync(stackFile, JSON.stringify({ config: Object.fromEntries(named) }));
  }

  haRancher(command: string, ...args: string[]): Promise<RunResult> {
    return this.try([process.execPath, program, command, "--stack", stack, ...unasked(command), ...args]);
  }

  mustHaRancher(command: string, ...args: string[]): Promise<string> {
    return this.must([process.execPath, program, command, "--stack", stack, ...unasked(command), ...args]);
  }

  /** Starts hosts; returns when each lets its owner in. */
  async startHosts(domains: Omit<Domain, "accelerator" | "networks">[], login: Login): Promise<void> {
    for (const domain of domains) {
      const file = join(this.folder, `${domain.host.name}.xml`);
      const { accelerator, managementNetwork: management, privateNetwork } = this.lab;
      writeFileSync(
        file,
        domainXml({ ...domain, accelerator, networks: [management.name, privateNetwork.name] }),
      );
      await this.must(["virsh", "define", file]);
      this.domains.push(`foreign_${domain.host.name}`);
      await this.must(["virsh", "start", `foreign_${domain.host.name}`]);
    }
    for (const { host } of domains) await this.answersWithin(host, login, 900);
  }

  async answersWithin(host: ForeignHost, login: Login, seconds: number): Promise<void> {
    const end = Date.now() + seconds * 1000;
    while ((await this.tryOn(host, login, "true")).code !== 0) {
      if (Date.now() > end) throw new Error(`${host.name} lets nobody in within ${seconds} s`);
      await sleep(3_000);
    }
  }

  /** Runs a command as root on a host, as its owner does: with a terminal, which its sudo may want. */
  tryOn(host: ForeignHost, { user, port }: Login, command: string): Promise<RunResult> {
    return this.try([
      ...["ssh", "-tt", "-i", this.keyFile, "-p", String(port), "-o", "IdentitiesOnly=yes"],
      ...["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"],
      ...["-o", "ConnectTimeout=20", `${user}@${host.address}`, `sudo sh -c ${shellQuote(command)}`],
    ]);
  }

  async on(host: ForeignHost, login: Login, command: string): Promise<string> {
    const { code, stdout, stderr } = await this.tryOn(host, login, command);
    if (code !== 0) throw new Error(`${command} on ${host.name} ended with code ${code}: ${stdout}${stderr}`);
    // A terminal ends its lines with a return, too.
    return stdout.replaceAll("\r", "");
  }

  /** Ends the hosts that are there, and removes their disks. */
  async endHosts(): Promise<void> {
    for (const name of this.domains.splice(0)) {
      await this.try(["virsh", "destroy", name]);
      await this.must(["virsh", "undefine", name]);
    }
    rmSync(join(this.folder, "hosts"), { recursive: true, force: true });
  }

  hostsFolder(): string {
    const folder = join(this.folder, "hosts");
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Takes all away, whatever happened. */
  async end(): Promise<void> {
    rmSync(stackFile, { force: true });
    this.relay?.kill("SIGKILL");
    this.mirror.end();
    await stopLab(say);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
