import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import type { Values } from "../../lab/plugins/values";
import { digest, type FakeEngine, imageId, startEngine } from "./plugins-engine";
import { type PluginError, type PluginProcess, startPlugin } from "./plugins-process";
import { type Sshd, startSshd } from "./plugins-sshd";

export const imageType = "docker:index/remoteImage:RemoteImage";
export const containerType = "docker:index/container:Container";
export const volumeType = "docker:index/volume:Volume";
export const repository = "mirror.example:5000/team/app";
export const pinned = `${repository}:v1@${digest(repository)}`;

export const failureOf = (action: Promise<unknown>): Promise<PluginError> =>
  action.then(
    () => assert.fail("it did not fail"),
    (error) => error as PluginError,
  );

/** The plugin, and an engine behind an SSH server that it speaks to; there while a file's tests run. */
export class DockerScene {
  private readonly sockets = mkdtempSync(join(tmpdir(), "engine-"));
  engine!: FakeEngine;
  sshd!: Sshd;
  plugin!: PluginProcess;

  /** To be made where tests are declared. */
  constructor() {
    before(() => this.start());
    after(() => this.stop());
  }

  private async start(): Promise<void> {
    this.engine = await startEngine(this.sockets);
    this.sshd = await startSshd({ docker: this.engine.socket });
    this.engine.registry
      .add(`${repository}@${digest(repository)}`)
      .add("nginx:latest")
      .add("crash:latest");
    this.engine.exitsAtOnce.add(imageId("crash"));
    this.plugin = await startPlugin("docker");
    await this.plugin.configure(this.config());
  }

  private async stop(): Promise<void> {
    await this.plugin.stop();
    await this.sshd.close();
    await this.engine.close();
    rmSync(this.sockets, { recursive: true, force: true });
  }

  /** What a provider resource says. */
  config(port = this.sshd.port, ...more: string[]): { host: string; sshOpts: string } {
    const options = [
      `UserKnownHostsFile=${this.sshd.knownHostsFile}`,
      "ConnectTimeout=5",
      "BatchMode=yes",
      "ServerAliveInterval=5",
      "ServerAliveCountMax=3",
      "LogLevel=ERROR",
    ];
    return {
      host: `ssh://${this.sshd.user}@127.0.0.1:${port}`,
      sshOpts: JSON.stringify([
        "-i",
        this.sshd.keyFile,
        ...options.flatMap((option) => ["-o", option]),
        ...more,
      ]),
    };
  }

  async checked(type: string, news: Values): Promise<Values> {
    const { inputs, failures } = await this.plugin.check(type, news);
    assert.deepEqual(failures, []);
    return inputs;
  }

  async inputsOf(more: Values = {}): Promise<Values> {
    return await this.checked(containerType, {
      name: "rancher",
      image: imageId("nginx"),
      start: false,
      mustRun: false,
      restart: "no",
      privileged: true,
      destroyGraceSeconds: 30,
      ...more,
    });
  }

  async made(inputs: Values): Promise<{ id: string; properties: Values }> {
    await this.plugin.create(imageType, { name: "nginx:latest" });
    return await this.plugin.create(containerType, inputs);
  }
}
