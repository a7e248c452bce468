import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Values } from "../../lab/plugins/values";
import { isUnknown } from "../../lab/plugins/values";
import { unknownValue as unknown } from "../../local/pulumi/values";
import { type PluginError, type PluginProcess, startPlugin } from "./plugins-process";
import { deadPort, type Sshd, startSshd, unusedPort } from "./plugins-sshd";

const type = "command:remote:Command";
const info = 1;
const warning = 2;

describe("the stand-in for the command plugin", () => {
  let sshd: Sshd;
  let plugin: PluginProcess;

  before(async () => {
    sshd = await startSshd({ acceptEnv: ["GREETING"], password: "open sesame" });
    plugin = await startPlugin("command");
    await plugin.checkConfig({ version: "1.2.1" });
    await plugin.configure({});
  });
  after(async () => {
    await plugin.stop();
    await sshd.close();
  });

  const connection = (): Values => ({
    host: "127.0.0.1",
    port: sshd.port,
    user: sshd.user,
    privateKey: sshd.privateKey,
    hostKey: sshd.hostKey,
    dialErrorLimit: 0,
    perDialTimeout: 5,
  });
  /** Checked inputs, as the engine hands them on. */
  const inputsOf = async (more: Values): Promise<Values> => {
    const { inputs, failures } = await plugin.check(type, { connection: connection(), ...more });
    assert.deepEqual(failures, []);
    return inputs;
  };
  const failureOf = (action: Promise<unknown>): Promise<PluginError> =>
    action.then(
      () => assert.fail("it did not fail"),
      (error) => error as PluginError,
    );
  const file = (name: string): string => readFileSync(join(sshd.home, name), "utf8");

  test("tells its version, supports previews, and has no schema", async () => {
    assert.equal(await plugin.version(), "1.2.1");
    assert.equal((await plugin.configure({})).supportspreview, true);
    assert.match((await failureOf(plugin.getSchema())).message, /UNIMPLEMENTED/);
  });

  test("check fills in the official defaults", async () => {
    const { inputs, failures } = await plugin.check(type, {
      connection: { host: "node", privateKey: "key" },
      create: "true",
    });
    assert.deepEqual(failures, []);
    assert.deepEqual(inputs, {
      addPreviousOutputInEnv: true,
      connection: {
        host: "node",
        privateKey: "key",
        port: 22,
        user: "root",
        dialErrorLimit: 10,
        perDialTimeout: 15,
      },
      create: "true",
    });
  });

  test("a preview runs nothing and says that the output is not known", async () => {
    const inputs = await inputsOf({ create: "touch previewed", stdin: unknown });
    const { id, properties } = await plugin.create(type, inputs, true);
    assert.equal(id, "");
    assert.deepEqual(properties, { ...inputs, stdout: unknown, stderr: unknown });
    assert.equal(existsSync(join(sshd.home, "previewed")), false);
    const updated = await plugin.update(type, "id", { ...inputs, stdout: "old" }, inputs, true);
    assert.ok(isUnknown(updated.stdout));
  });

  test("a life: create, no change, change by stdin, delete with the stored command", async () => {
    const inputs = await inputsOf({
      create: "cat > life; echo made; echo warned >&2",
      update: "cat >> life; echo changed",
      delete: "cat life > grave",
      stdin: "one\n",
    });
    const made = await plugin.create(type, inputs);
    assert.match(made.id, /^thing[0-9a-f]{8}$/);
    assert.equal(made.properties.stdout, "made");
    assert.equal(made.properties.stderr, "warned");
    assert.equal(file("life"), "one\n");

    const none = await plugin.diff(type, inputs, made.properties, inputs);
    assert.equal(none.changes, 1);
    assert.deepEqual(none.detaileddiffMap, []);

    const news = { ...inputs, stdin: "two\n" };
    const some = await plugin.diff(type, inputs, made.properties, news);
    assert.equal(some.changes, 2);
    assert.deepEqual(some.diffsList, ["stdin"]);
    assert.deepEqual(some.replacesList, []);
    const updated = await plugin.update(type, made.id, made.properties, news);
    assert.equal(updated.stdout, "changed");
    assert.equal(file("life"), "one\ntwo\n");

    assert.deepEqual(await plugin.read(type, made.id, updated, news), {
      id: made.id,
      properties: updated,
      inputs: news,
    });

    await plugin.delete(type, made.id, updated);
    assert.equal(file("grave"), "one\ntwo\n");
  });

  test("triggers differ at the path that the SDK replaces for; nothing else asks for a replacement", async () => {
    const olds = await inputsOf({ create: "true", triggers: ["a", 1] });
    const changed = await plugin.diff(
      type,
      olds,
      olds,
      await inputsOf({ create: "false", triggers: ["b", 1] }),
    );
    assert.deepEqual(
      changed.detaileddiffMap.map(([path]) => path),
      ["create", "triggers[0]"],
    );
    assert.deepEqual(changed.replacesList, []);
    assert.equal(changed.deletebeforereplace, false);
  });

  test("a state of the official plugin shows no difference", async () => {
    const news = await inputsOf({ create: "true" });
    const official = {
      ...news,
      __defaults: ["addPreviousOutputInEnv"],
      connection: { ...(news.connection as Values), __defaults: ["port"], proxy: null },
    };
    assert.equal((await plugin.diff(type, official, official, news)).changes, 1);
    const older = { connection: news.connection ?? null, create: "true" };
    assert.equal((await plugin.diff(type, older, older, news)).changes, 1);
  });

  test("what is not known yet counts as a change, and is not checked", async () => {
    const { inputs, failures } = await plugin.check(type, { connection: unknown, create: unknown });
    assert.deepEqual(failures, []);
    const olds = await inputsOf({ create: "true" });
    const diff = await plugin.diff(type, olds, olds, { ...olds, ...inputs });
    assert.deepEqual(diff.diffsList, ["connection", "create"]);
  });

  test("all wrong and all missing properties are refused at once, with the way out", async () => {
    const { failures } = await plugin.check(type, {
      connection: {
        privateKey: "key",
        proxy: { host: "bastion" },
        agentSocketPath: "/agent",
        port: 0,
        hostKey: "what?",
        perDialTimeout: -1,
      },
      create: 5,
      logging: "loud",
      interpreter: ["/bin/bash"],
      environment: { "not a name": "x" },
    });
    assert.deepEqual(failures.map(({ property }) => property).sort(), [
      "connection.agentSocketPath",
      "connection.host",
      "connection.hostKey",
      "connection.perDialTimeout",
      "connection.port",
      "connection.proxy",
      "create",
      "environment",
      "interpreter",
      "logging",
    ]);
    const proxy = failures.find(({ property }) => property === "connection.proxy");
    assert.match(
      proxy?.reason ?? "",
      /`connection.proxy` is not implemented.*connect to the machine directly.*official plugin/,
    );
    const { failures: keyless } = await plugin.check(type, { connection: { host: "node" } });
    assert.match(keyless[0]?.reason ?? "", /set `connection.privateKey`/);
  });

  test("a refused value is not repeated: it may be a secret", async () => {
    const { failures } = await plugin.check(type, {
      connection: { host: "node", privateKey: ["hunter2"], hostKey: "hunter2" },
      stdin: ["hunter2"],
    });
    assert.equal(failures.length, 3);
    assert.doesNotMatch(JSON.stringify(failures), /hunter2/);
  });

  test("other types and functions are refused with the way out", async () => {
    const error = await failureOf(plugin.check("command:local:Command", { create: "true" }));
    assert.match(error.details, /`command:local:Command` is not implemented.*command:remote:Command/);
  });

  test("a failure shows status, command and output, and leaves nothing behind", async () => {
    const inputs = await inputsOf({ create: "echo before; echo why >&2; exit 3", logging: "none" });
    const error = await failureOf(plugin.create(type, inputs));
    assert.equal(
      error.details,
      'Process exited with status 3: running "echo before; echo why >&2; exit 3":\nbefore\nwhy\n',
    );
    assert.equal(error.partial, undefined);
  });

  test("a command that a signal ended says so", async () => {
    const error = await failureOf(plugin.create(type, await inputsOf({ create: "kill -TERM $$" })));
    assert.match(error.details, /^Process exited with status 128 from signal TERM: running/);
  });

  test("an error larger than HTTP/2 can carry arrives shortened", async () => {
    const create = "head -c 300000 /dev/zero | tr '\\0' 'x'; echo; echo the end; exit 1";
    const error = await failureOf(plugin.create(type, await inputsOf({ create, logging: "none" })));
    assert.match(error.details, /^Process exited with status 1.*characters left out.*the end\n$/s);
  });

  test("output is shown line by line as asked for", async () => {
    const shown = async (logging: Values): Promise<string[]> => {
      plugin.logged.length = 0;
      await plugin.create(
        type,
        await inputsOf({ create: "echo out; printf 'grüße'; echo err >&2", ...logging }),
      );
      assert.ok(plugin.logged.every(({ severity, ephemeral, urn }) => severity === info && ephemeral && urn));
      return plugin.logged.map(({ message }) => message).sort();
    };
    assert.deepEqual(await shown({}), ["err", "grüße", "out"]);
    assert.deepEqual(await shown({ logging: "stdout" }), ["grüße", "out"]);
    assert.deepEqual(await shown({ logging: "stderr" }), ["err"]);
    assert.deepEqual(await shown({ logging: "none" }), []);
  });

  test("environment reaches the command if the server accepts it, and fails if not", async () => {
    const { properties } = await plugin.create(
      type,
      await inputsOf({ create: 'echo "$GREETING"', environment: { GREETING: "it's me" } }),
    );
    assert.equal(properties.stdout, "it's me");
    const error = await failureOf(
      plugin.create(type, await inputsOf({ create: "touch ran", environment: { OTHER: "x" } })),
    );
    assert.equal(error.details, 'could not set environment variable "OTHER": ssh: setenv failed');
    assert.equal(existsSync(join(sshd.home, "ran")), false);
  });

  test("the previous output is offered to the next run, and a server that refuses it is a warning", async (t) => {
    const inputs = await inputsOf({ create: "echo one", update: 'echo "[$PULUMI_COMMAND_STDOUT]"' });
    const { id, properties } = await plugin.create(type, inputs);
    plugin.logged.length = 0;
    assert.equal((await plugin.update(type, id, properties, inputs)).stdout, "[]");
    const warnings = plugin.logged.filter(({ severity }) => severity === warning);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]?.message ?? "",
      /PULUMI_COMMAND_STDOUT.*AcceptEnv.*`addPreviousOutputInEnv` to false/s,
    );

    plugin.logged.length = 0;
    await plugin.update(type, id, properties, { ...inputs, addPreviousOutputInEnv: false });
    assert.equal(plugin.logged.filter(({ severity }) => severity === warning).length, 0);

    const accepting = await startSshd({ acceptEnv: ["PULUMI_COMMAND_STDOUT"] });
    t.after(() => accepting.close());
    const there = {
      ...connection(),
      port: accepting.port,
      privateKey: accepting.privateKey,
      hostKey: accepting.hostKey,
    };
    assert.equal(
      (await plugin.update(type, id, properties, { ...inputs, connection: there })).stdout,
      "[one]",
    );
  });

  test("a resource without commands does nothing", async () => {
    const inputs = await inputsOf({});
    const before = sshd.commands.length;
    const { id, properties } = await plugin.create(type, inputs);
    assert.equal(properties.stdout, "");
    assert.equal((await plugin.update(type, id, { ...properties, stdout: "kept" }, inputs)).stdout, "kept");
    await plugin.delete(type, id, properties);
    assert.equal(sshd.commands.length, before);
  });

  test("without `update` a change runs `create` again", async () => {
    const inputs = await inputsOf({ create: "echo x >> twice" });
    const { id, properties } = await plugin.create(type, inputs);
    await plugin.update(type, id, properties, inputs);
    assert.equal(file("twice"), "x\nx\n");
  });

  test("many commands share one connection, at most 8 at once", async () => {
    const before = sshd.logins;
    const inputs = await inputsOf({ create: "sleep 0.1; echo $$" });
    const results = await Promise.all(Array.from({ length: 20 }, () => plugin.create(type, inputs)));
    assert.equal(new Set(results.map(({ properties }) => properties.stdout)).size, 20);
    assert.ok(sshd.logins <= before + 1, `${sshd.logins - before} new connections`);
    assert.equal(sshd.mostChannels, 8);
  });

  test("a connection that was cut is made anew; a command that it broke fails", async () => {
    const inputs = await inputsOf({ create: "echo again" });
    await plugin.create(type, inputs);
    const broken = failureOf(plugin.create(type, await inputsOf({ create: "sleep 20" })));
    while (!sshd.commands.includes("sleep 20")) await new Promise((resolve) => setTimeout(resolve, 20));
    const before = sshd.logins;
    sshd.cut();
    assert.match((await broken).details, /the connection to 127.0.0.1 broke/);
    assert.equal((await plugin.create(type, inputs)).properties.stdout, "again");
    assert.equal(sshd.logins, before + 1);
  });

  test("password login, and the key is tried first", async () => {
    const login = { ...connection(), password: "open sesame" };
    delete (login as { privateKey?: unknown }).privateKey;
    const { properties } = await plugin.create(
      type,
      await inputsOf({ connection: login, create: "echo in" }),
    );
    assert.equal(properties.stdout, "in");
    const wrong = await inputsOf({ connection: { ...login, password: "shut" }, create: "echo in" });
    assert.match(
      (await failureOf(plugin.create(type, wrong))).details,
      /does not accept `connection.password`/,
    );
  });

  test("another host key than the pinned one is refused at once, and none is pinned if none is given", async (t) => {
    const other = await startSshd();
    t.after(() => other.close());
    const wrong = await inputsOf({
      connection: { ...connection(), hostKey: other.hostKey, dialErrorLimit: 10 },
      create: "touch impostor",
    });
    plugin.logged.length = 0;
    const error = await failureOf(plugin.create(type, wrong));
    assert.match(error.details, /vagrant@127.0.0.1:\d+ does not have the expected host key/);
    assert.deepEqual(plugin.logged, [], "another try cannot mend it");
    assert.equal(existsSync(join(sshd.home, "impostor")), false);

    const trusting = connection();
    delete trusting.hostKey;
    const { properties } = await plugin.create(
      type,
      await inputsOf({ connection: trusting, create: "echo in" }),
    );
    assert.equal(properties.stdout, "in");
  });

  test("an unusable key is named", async () => {
    const inputs = await inputsOf({ connection: { ...connection(), privateKey: "no key" }, create: "true" });
    assert.match(
      (await failureOf(plugin.create(type, inputs))).details,
      /`connection.privateKey` cannot be used/,
    );
  });

  test("a refused port fails after the tries that were asked for, with the host", async () => {
    const port = await unusedPort();
    plugin.logged.length = 0;
    const inputs = await inputsOf({
      connection: { ...connection(), port, dialErrorLimit: 3 },
      create: "true",
    });
    const error = await failureOf(plugin.create(type, inputs));
    assert.match(
      error.details,
      /^after 3 failed attempts: vagrant@127.0.0.1:\d+ cannot be reached over SSH \(.*ECONNREFUSED.*is the machine on/,
    );
    assert.deepEqual(
      plugin.logged.map(({ message }) => message),
      [1, 2, 3].map((dial) => `Dial ${dial}/3 failed: retrying`),
    );
  });

  test("a machine that does not answer fails after the time that was asked for, or when the user cancels", async () => {
    const dead = await deadPort();
    const to = { ...connection(), port: dead.port };
    const error = await failureOf(
      plugin.create(type, await inputsOf({ connection: { ...to, perDialTimeout: 1 }, create: "true" })),
    );
    assert.match(error.details, /cannot be reached over SSH \(no answer within 1 s\)/);

    const other = await startPlugin("command");
    const endless = { ...to, perDialTimeout: 0, dialErrorLimit: -1 };
    const pending = failureOf(other.create(type, await inputsOf({ connection: endless, create: "true" })));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await other.cancel();
    assert.match((await pending).details, /cannot be reached over SSH \(cancelled\)/);
    await other.stop();
    dead.close();
  });

  test("it ends on SIGINT, also with a call under way", async () => {
    const other = await startPlugin("command");
    const inputs = await inputsOf({ create: "sleep 60" });
    const pending = failureOf(other.create(type, inputs));
    while (!sshd.commands.includes("sleep 60")) await new Promise((resolve) => setTimeout(resolve, 20));
    const { code, took } = await other.stop();
    await pending;
    assert.equal(code, 0);
    assert.ok(took < 20_000, `it took ${took} ms to end`);
  });

  test("it ends when the process that started it is gone", async () => {
    const main = join(__dirname, "..", "..", "lab", "plugins", "command", "main.js");
    // The shell waits for the port and ends without a word to its child.
    const started = `"$0" "$1" 127.0.0.1:1 > port & while [ ! -s port ]; do sleep 0.1; done; echo $!`;
    const pid = Number(
      execFileSync("/bin/sh", ["-c", started, process.execPath, main], { cwd: sshd.home, encoding: "utf8" }),
    );
    const lives = (): boolean => {
      try {
        process.kill(pid, 0);
        return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      } catch {
        return false;
      }
    };
    assert.ok(pid > 1);
    for (const end = Date.now() + 15_000; lives() && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(lives(), false);
  });
});
