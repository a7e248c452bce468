import assert from "node:assert/strict";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { rotateKey } from "../../cli/actions/rotate-machine";
import { secretNames, wayOf } from "../../cli/actions/rotate-ways";
import { publicKeyOf } from "../../domain/private-key";
import { exec } from "../../providers/remote/ssh";
import { accepts } from "../../providers/vagrant/contact";
import {
  keyFile,
  nextKeyFile,
  previousKeyFile,
  retiredKeyFile,
  writeFolder,
} from "../../providers/vagrant/folder";
import { newKeyPair } from "../../providers/vagrant/keys";
import { type MachineHandle, newRecord, outputsOf } from "../../providers/vagrant/machine-handle";
import { isKeyDue, withDueKey } from "../../providers/vagrant/rotate-key";
import { authorizedKeyScript } from "../../providers/vagrant/scripts";
import { temporaryFolder } from "./cli-support";
import { TestServer } from "./remote-server";
import { machineInputs } from "./vagrant-fixture";

/* A machine gets a new SSH key. The machine is an SSH server that lets in whoever is in its authorized_keys at that moment. */

const theirs = newKeyPair("somebody").publicKey;

/** A machine with a key of its own, and what Pulumi's state has of it. */
class Machine {
  private constructor(
    readonly server: TestServer,
    readonly directory: string,
    /** The key in Pulumi's state. */
    public recorded: string,
  ) {}

  static async make(t: TestContext): Promise<Machine> {
    const server = new TestServer();
    const home = server.path("home");
    mkdirSync(join(home, ".ssh"), { recursive: true });
    server.home = home;
    t.after(() => server.stop());
    const { privateKey, publicKey } = newKeyPair("node-one");
    // The last line has no end, as an editor may leave it.
    writeFileSync(join(home, ".ssh", "authorized_keys"), `${publicKey}\n# mine\n${theirs}`);
    await server.start();
    const machine = new Machine(server, join(temporaryFolder(t), "node-one"), privateKey);
    await writeFolder(machine.handle().inputs, machine.handle().record, privateKey);
    return machine;
  }

  handle(): MachineHandle {
    const inputs = machineInputs({
      directory: this.directory,
      networks: [{ type: "private", address: "127.0.0.1/8" }],
      sshPort: this.server.endpoint.port,
    });
    const record = { ...newRecord(inputs), whole: true, hostKey: this.server.endpoint.hostKey };
    return { inputs, record, privateKey: this.recorded };
  }

  /** What the provider does in an `up`; the state is written at its end, unless Pulumi is killed before. */
  async up(isKilled = false): Promise<void> {
    const handle = this.handle();
    if (!(await isKeyDue(handle.inputs, this.recorded))) return;
    const rest = { state: "running", machineId: "", interface: "" };
    const { ssh } = await withDueKey(handle, { ...outputsOf(handle), ...rest });
    if (isKilled) throw new Error("killed");
    this.recorded = ssh.privateKey;
  }

  async rotate(apply = () => this.up()): Promise<void> {
    await rotateKey({ name: "node-one", directory: this.directory }, apply, () => {});
  }

  authorized = (): string[] =>
    readFileSync(join(this.server.home ?? "", ".ssh", "authorized_keys"), "utf8")
      .trimEnd()
      .split("\n");

  key = (): string => readFileSync(keyFile(this.directory), "utf8");

  letsIn = async (privateKey: string): Promise<boolean> =>
    await accepts({ ...outputsOf(this.handle()).ssh, privateKey }, 120_000);

  /** Nobody is locked out: neither who uses the folder, nor who uses the state. */
  async mustBeReachable(when: string): Promise<void> {
    for (const key of new Set([this.key(), this.recorded]))
      assert.equal(await this.letsIn(key), true, `by the ${key === this.key() ? "folder" : "state"} ${when}`);
  }

  /** The rotation is over: the former key is refused, and nothing of it is left. */
  async mustBeRotated(from: string): Promise<void> {
    assert.notEqual(this.key(), from);
    assert.equal(this.recorded, this.key());
    await this.mustBeReachable("at the end");
    assert.equal(await this.letsIn(from), false, "the former key is refused");
    assert.deepEqual(this.authorized(), ["# mine", theirs, `${publicKeyOf(this.key())} node-one`]);
    const left = readdirSync(this.directory).filter((name) => name.startsWith("id_ed25519"));
    assert.deepEqual(left, ["id_ed25519"]);
    assert.equal(statSync(keyFile(this.directory)).mode & 0o777, 0o600);
    assert.ok(readFileSync(join(this.directory, "Vagrantfile"), "utf8").includes(publicKeyOf(this.key())));
  }
}

test("a machine gets a new key, and refuses the former one; other people's keys stay", async (t) => {
  const machine = await Machine.make(t);
  const before = machine.recorded;
  let ups = 0;
  await machine.rotate(async () => {
    ups += 1;
    // While the state is not known to have the new one, both are let in.
    await machine.up();
    if (ups === 1) assert.equal(await machine.letsIn(before), true);
    await machine.mustBeReachable(`after up ${ups}`);
  });
  assert.equal(ups, 2);
  await machine.mustBeRotated(before);
  assert.equal(await isKeyDue(machine.handle().inputs, machine.recorded), false);
});

/** What a killed run can have left: which files there are, and what the machine and the state have. */
const remains: Record<string, (machine: Machine, next: string) => void | Promise<void>> = {
  "before the new key was put on the machine": (machine, next) =>
    writeFileSync(nextKeyFile(machine.directory), next),
  "before the folder had it": (machine, next) => {
    writeFileSync(nextKeyFile(machine.directory), next);
    letIn(machine, next);
  },
  "before it was the folder's key": (machine, next) => {
    writeFileSync(nextKeyFile(machine.directory), next);
    letIn(machine, next);
    copyFileSync(keyFile(machine.directory), previousKeyFile(machine.directory));
  },
  "before the state had it": (machine, next) => {
    writeFileSync(nextKeyFile(machine.directory), next);
    letIn(machine, next);
    renameSync(keyFile(machine.directory), previousKeyFile(machine.directory));
    writeFileSync(keyFile(machine.directory), next, { mode: 0o600 });
  },
  "before the former one was retired": async (machine, next) => {
    writeFileSync(nextKeyFile(machine.directory), next);
    await machine.up();
  },
  "in the middle of that": async (machine, next) => {
    writeFileSync(nextKeyFile(machine.directory), next);
    await machine.up();
    renameSync(previousKeyFile(machine.directory), retiredKeyFile(machine.directory));
  },
};

const letIn = (machine: Machine, privateKey: string): void =>
  writeFileSync(
    join(machine.server.home ?? "", ".ssh", "authorized_keys"),
    `${[...machine.authorized(), `${publicKeyOf(privateKey)} node-one`].join("\n")}\n`,
  );

for (const [when, leave] of Object.entries(remains))
  test(`a rotation that was killed ${when} goes on`, async (t) => {
    const machine = await Machine.make(t);
    const before = machine.recorded;
    const next = newKeyPair("node-one").privateKey;
    await leave(machine, next);
    await machine.mustBeReachable("after the kill");
    // A plain `up` loses nothing, and neither does one that is killed.
    await machine.up(true).catch(() => {});
    await machine.mustBeReachable("after another kill");
    await machine.up();
    await machine.mustBeReachable("after a plain up");
    await machine.rotate();
    await machine.mustBeRotated(before);
    assert.equal(machine.key(), next, "it went on with the same key");
  });

test("a former key that is off the machine already, or whose file alone is left, is no obstacle", async (t) => {
  const machine = await Machine.make(t);
  const former = newKeyPair("node-one").privateKey;
  writeFileSync(retiredKeyFile(machine.directory), former);
  const before = machine.recorded;
  await machine.rotate();
  assert.equal(machine.key(), before, "that one was done");
  assert.equal(existsSync(retiredKeyFile(machine.directory)), false);
  await machine.rotate();
  await machine.mustBeRotated(before);
});

test("where the machine does not let the new key in, everything stays as it was", async (t) => {
  const machine = await Machine.make(t);
  const before = machine.recorded;
  // Its sshd reads another file than the one that is written.
  const { home = "" } = machine.server;
  machine.server.home = machine.server.path("elsewhere");
  mkdirSync(join(machine.server.home, ".ssh"), { recursive: true });
  const keys = join(machine.server.home, ".ssh", "authorized_keys");
  copyFileSync(join(home, ".ssh", "authorized_keys"), keys);
  const script = machine.server.path("bin/sh");
  writeFileSync(script, `#!/bin/sh\nHOME=${home} exec /bin/sh "$@"\n`, { mode: 0o755 });
  await assert.rejects(machine.rotate(), /node-one does not accept its new SSH key.*The former key stays/);
  await machine.mustBeReachable("after that");
  assert.equal(machine.key(), before);

  // And so it is with a former key that is let in by another file.
  writeFileSync(script, '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o755 });
  await machine
    .rotate(async () => {
      await machine.up();
      writeFileSync(script, `#!/bin/sh\nHOME=${home} exec /bin/sh "$@"\n`, { mode: 0o755 });
    })
    .then(
      () => assert.fail("the former key is let in"),
      (error: Error) => assert.match(error.message, /still accepts its former SSH key/),
    );
  await machine.mustBeReachable("after that");
  writeFileSync(script, '#!/bin/sh\nexec /bin/sh "$@"\n', { mode: 0o755 });
  await machine.rotate();
  assert.equal(await machine.letsIn(before), false);
});

test("a key that the program gives, or the box's, is not changed", async (t) => {
  const machine = await Machine.make(t);
  writeFileSync(nextKeyFile(machine.directory), newKeyPair("node-one").privateKey);
  for (const given of [{ sshPrivateKey: machine.recorded }, { sshInsertKey: false }]) {
    const { inputs } = machine.handle();
    assert.equal(await isKeyDue({ ...inputs, ...given }, machine.recorded), false);
  }
  await assert.rejects(
    rotateKey(
      { name: "node-one", directory: machine.directory },
      async () => {},
      () => {},
    ),
    { name: "Failure", message: /^node-one: the machine did not get its new key/ },
  );
});

test("keys on the machine are replaced as a whole file, or not at all", async (t) => {
  const machine = await Machine.make(t);
  const file = join(machine.server.home ?? "", ".ssh", "authorized_keys");
  const { ssh } = outputsOf(machine.handle());
  const run = async (script: string) => (await exec(ssh, "sh", { stdin: script })).code;
  const key = newKeyPair("it's");
  const before = machine.authorized();
  assert.equal(await run(authorizedKeyScript(key.publicKey)), 0);
  assert.equal(await run(authorizedKeyScript(key.publicKey)), 0);
  assert.deepEqual(machine.authorized(), [...before, key.publicKey], "once, however often it runs");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  // The draft cannot be written: the file stays.
  mkdirSync(`${file}.new`);
  assert.notEqual(await run(authorizedKeyScript(theirs, key.publicKey)), 0);
  assert.deepEqual(machine.authorized(), [...before, key.publicKey]);
});

test("of a secret that is not this program's it is said how it is changed", () => {
  for (const name of secretNames.filter((each) => each !== "passphrase"))
    assert.match(wayOf(name, "dev") ?? "", /Rancher|is yours/, name);
  assert.match(
    wayOf("tls.key", "office") ?? "",
    /`pulumi config set --secret --path 'ha-rancher:tls\.key'` in `npm run shell -- --stack office`.*`npm run up -- --stack office`/,
  );
  assert.equal(wayOf("rancher-1", "dev"), undefined);
  assert.equal(wayOf("constructor", "dev"), undefined);
});
