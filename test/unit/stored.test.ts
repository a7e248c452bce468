import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { packageRoot } from "../../local/root";
import { rollout } from "../../providers/agent";
import { daemonSettings, imageArchive } from "../../providers/docker";
import { host } from "../../providers/host";
import { nfsExport } from "../../providers/nfs";
import { password } from "../../providers/password";
import { release } from "../../providers/release";
import { files, kept, nodeSet } from "../../providers/remote";
import { packedSet } from "../../providers/remote/script";
import { stored } from "../../providers/stored";
import { machine } from "../../providers/vagrant";
import { newKeyPair } from "../../providers/vagrant/keys";
import { configuration, keepalived, members } from "../../providers/vip";
import { TestServer } from "./remote-server";

/*
 * Today's providers on the outputs of former versions: former-outputs.json has what each type's provider of that commit
 * returned. What answers in place of the nodes has another host key, so that an update that returns has touched none.
 */

type Outputs = Record<string, unknown>;
type Provider = Required<Omit<pulumi.dynamic.ResourceProvider, "configure">>;

const providers = {
  "agent.Rollout": rollout,
  "docker.DaemonSettings": daemonSettings,
  "docker.ImageArchive": imageArchive,
  "host.Host": host,
  "nfs.Export": nfsExport,
  "password.Password": password,
  "release.Release": release,
  "remote.Files": files,
  "remote.Kept": kept,
  "remote.NodeSet": nodeSet,
  "vagrant.Machine": machine,
  "vip.Configuration": configuration,
  "vip.Keepalived": keepalived,
  "vip.Members": members,
} as Record<string, Provider>;

/** What only a provider's outputs have: the program does not give it. */
const measured = [
  ...["versions", "added", "addedLiveRestore", "imageId", "interface", "system"],
  ...[
    "architecture",
    "path",
    "exportId",
    "value",
    "unfinished",
    "retired",
    "state",
    "machineId",
    "address of machine",
  ],
  ...["forwardedPorts", "version", "installed", "schema", "partial", "__provider"],
];

const server = new TestServer();
const folder = mkdtempSync(join(tmpdir(), "former-"));
const { privateKey } = newKeyPair("former");
const text = readFileSync(join(packageRoot, "test", "unit", "former-outputs.json"), "utf8");

/** The outputs of former versions by commit and type, at nodes that are there once the tests run. */
const formers = (): Record<string, { outputs: Record<string, Outputs> }> =>
  JSON.parse(
    text
      .replaceAll("FOLDER", folder)
      .replaceAll('"KEY"', JSON.stringify(privateKey))
      .replaceAll(/("port"|"sshPort"): 1,/g, `$1: ${server.endpoint.port},`),
  );

const path = process.env.PATH;
before(async () => {
  await server.start();
  process.env.PATH = "";
});
after(async () => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
});

/** The inputs of a program that wants what the outputs say. */
const inputsOf = (type: string, outputs: Outputs): Outputs =>
  Object.fromEntries(
    Object.entries(outputs).filter(([key]) => !measured.includes(key) && !isMeasured(type, key)),
  );
const isMeasured = (type: string, key: string): boolean =>
  (key === "ssh" && ["vagrant.Machine", "host.Host"].includes(type)) ||
  (key === "address" && type === "vagrant.Machine") ||
  (key === "faults" && type === "vip.Configuration");

/** What today's shape has that the program says. */
const todays: Record<string, Outputs> = {
  "docker.DaemonSettings": { liveRestore: false },
  "release.Release": {
    title: "Rancher",
    healthPath: "/healthz",
    healthStatus: [],
    companionImages: {},
    causes: [],
    discardWritesOf: "",
  },
  "vip.Configuration": { facts: { one: "HEARD='2'\n", two: "HEARD='2'\n" } },
};

/** What a verb fails with that gets as far as to a node, or to Vagrant. */
const nobodyToAsk = /host key|vagrant|virsh|ganesha/i;

for (const [commit, { outputs: all }] of Object.entries(formers()))
  for (const type of Object.keys(all))
    describe(`${type} of ${commit}`, () => {
      const provider = providers[type];
      assert.ok(provider, type);
      const isSet = type === "remote.NodeSet" && "files" in (all[type] ?? {});
      // Programs and vip.env are put on the nodes then.
      const isPut = isSet || (type === "vip.Configuration" && !("facts" in (all[type] ?? {})));
      let outputs: Outputs;
      let news: Outputs;
      before(() => {
        outputs = formers()[commit]?.outputs[type] ?? {};
        news = isSet
          ? { ssh: outputs.ssh, hash: packedSet("current").hash }
          : inputsOf(type, { ...todays[type], ...outputs });
      });

      test("nothing is replaced", async () => {
        const code = { __provider: "present" };
        const { replaces = [] } = await provider.diff("id", { ...outputs, ...code }, { ...news, ...code });
        assert.deepEqual(replaces, []);
      });

      test(isPut ? "what is new is put on the nodes" : "an update renews the state alone", async () => {
        const olds = { ...outputs, __provider: "former" };
        const wanted = { ...news, __provider: "present" };
        assert.equal((await provider.diff("id", olds, wanted)).changes, true);
        if (isPut) return await assert.rejects(provider.update("id", olds, wanted), nobodyToAsk);
        const { outs } = await provider.update("id", olds, wanted);
        assert.ok(Number.isInteger(outs.schema), String(outs.schema));
        for (const [key, value] of Object.entries({ ...todays[type], ...outputs }))
          assert.deepEqual(outs[key], value, key);
        const renewed = { ...outs, __provider: "present" };
        assert.equal((await provider.diff("id", renewed, wanted)).changes, false, "and that is all");
      });

      for (const verb of ["read", "delete"] as const)
        test(`${verb} understands it`, async () => {
          try {
            const found = await provider[verb]("id", { ...outputs, __provider: "former" });
            if (found?.props) assert.ok(Number.isInteger(found.props.schema));
          } catch (error) {
            assert.match(String(error), nobodyToAsk);
          }
        });
    });

describe("a provider whose outputs have a schema", () => {
  const calls: string[] = [];
  const seen: Outputs[] = [];
  let fails = false;
  const note = (verb: string, ...bags: Outputs[]): void => {
    calls.push(verb);
    seen.push(...bags);
  };
  const plain = {
    check: async (olds: Outputs, inputs: Outputs) => {
      note("check", olds, inputs);
      return { inputs };
    },
    diff: async (_id: string, olds: Outputs, inputs: Outputs) => {
      note("diff", olds, inputs);
      return { changes: olds.size !== inputs.size, replaces: [] };
    },
    create: async (inputs: Outputs) => {
      note("create", inputs);
      if (fails) throw Object.assign(new Error("half made"), { id: "id", properties: inputs, reasons: [] });
      return { id: "id", outs: { ...inputs, made: true } };
    },
    read: async (id: string, props: Outputs) => {
      note("read", props);
      return { id, props, inputs: { size: props.size } };
    },
    update: async (_id: string, olds: Outputs, inputs: Outputs) => {
      note("update", olds, inputs);
      return { outs: { ...olds, ...inputs } };
    },
    delete: async (_id: string, props: Outputs) => note("delete", props),
  };
  // 1: `length`; 2: `width`; 3: `size`.
  const renamed = (from: string, to: string) => (outputs: Outputs) => {
    const { [from]: value, ...others } = outputs;
    return { ...others, [to]: value };
  };
  const provider = stored("test.Thing", plain, [
    renamed("length", "width"),
    renamed("width", "size"),
  ]) as Provider;
  const of = (olds: Outputs, code = "a"): Outputs => ({ ...olds, __provider: code });

  const taken = (): { calls: string[]; seen: Outputs[] } => ({
    calls: calls.splice(0),
    seen: seen.splice(0),
  });

  test("is given outputs of each schema in today's shape, once, before each verb", async () => {
    for (const olds of [
      { length: 1 },
      { schema: 1, length: 1 },
      { schema: 2, width: 1 },
      { schema: 3, size: 1 },
    ]) {
      await provider.diff("id", of(olds), of({ size: 2 }));
      await provider.update("id", of(olds), of({ size: 2 }));
      await provider.read("id", of(olds));
      await provider.delete("id", of(olds));
      const bags = taken().seen;
      // An update of outdated ones compares first.
      assert.equal(bags.filter(({ size }) => size === 1).length, olds.schema === 3 ? 4 : 5);
      for (const bag of bags)
        assert.deepEqual(Object.keys(bag), ["size"], "neither its number nor Pulumi's code");
    }
  });

  test("stores its number with what it makes, changes and reads", async () => {
    assert.deepEqual((await provider.create(of({ size: 1 }))).outs, { size: 1, made: true, schema: 3 });
    assert.deepEqual(await provider.read("id", of({ length: 1 })), {
      id: "id",
      props: { size: 1, schema: 3 },
      inputs: { size: 1 },
    });
    assert.deepEqual((await provider.update("id", of({ length: 1 }), of({ size: 2 }))).outs, {
      size: 2,
      schema: 3,
    });
    taken();
  });

  test("is not called where only Pulumi's code or the schema is another one", async () => {
    const present = of({ size: 1, schema: 3 });
    assert.deepEqual(await provider.diff("id", present, of({ size: 1 })), { changes: false, replaces: [] });
    for (const [olds, news] of [
      [present, of({ size: 1 }, "b")],
      [of({ length: 1 }), of({ size: 1 })],
    ] as const) {
      taken();
      const { changes, replaces, stables } = await provider.diff("id", olds, news);
      assert.deepEqual([changes, replaces, stables], [true, [], ["size"]]);
      assert.deepEqual((await provider.update("id", olds, news)).outs, { size: 1, schema: 3 });
      assert.deepEqual(taken().calls, ["diff", "diff"], "it only compares");
    }
  });

  test("ends a change that failed, whatever else is renewed", async () => {
    fails = true;
    const failure = await provider.create(of({ size: 1 })).catch((error) => error as { properties: Outputs });
    fails = false;
    assert.ok("properties" in failure);
    assert.deepEqual(failure.properties, { size: 1, schema: 3, partial: true, __provider: "a" });
    taken();
    const { outs } = await provider.update("id", failure.properties, of({ size: 1 }, "b"));
    assert.deepEqual([taken().calls, outs], [["update"], { size: 1, schema: 3 }]);
    const read = await provider.read("id", failure.properties);
    assert.deepEqual(read.props, { size: 1, schema: 3, partial: true });
  });

  test("refuses outputs of a newer version, and of none, and touches nothing", async () => {
    taken();
    for (const schema of [4, 0, 1.5, "3", null])
      for (const call of [
        () => provider.diff("id", of({ schema }), of({})),
        () => provider.update("id", of({ schema }), of({})),
        () => provider.read("id", of({ schema })),
        async () => provider.delete("id", of({ schema })),
      ])
        await assert.rejects(async () => await call(), {
          message: `the stored outputs of this test.Thing have the schema ${JSON.stringify(schema)}, and this version of ha-rancher knows 1 to 3: a newer version of ha-rancher made them. Use that version, or a newer one, for this stack; nothing was changed`,
        });
    assert.deepEqual(taken().calls, []);
  });
});
