import assert from "node:assert/strict";
import { test } from "node:test";
import { unknownValue } from "../../local/pulumi/values";
import { type FilesInputs, files } from "../../providers/remote/files-provider";
import { newKeyPair } from "../../providers/vagrant/keys";
import { inputs, type One, outputs } from "./remote-files-support";

const given: One = {
  ssh: {
    host: "10.0.0.1",
    port: 22,
    user: "vagrant",
    privateKey: newKeyPair("user").privateKey,
    keyFile: "/machines/a/key",
    hostKey: newKeyPair("host").publicKey,
    knownHostsFile: "/machines/a/known_hosts",
  },
  path: "/etc/app.conf",
  content: "one\n",
  mode: "0640",
  owner: "root:root",
};

test("each input has its verb", async () => {
  const verb = async (change: object): Promise<string> => {
    const news = { ...inputs(given), ...change };
    const { changes, replaces, deleteBeforeReplace } = await files.diff("id", outputs(given), news);
    assert.equal(deleteBeforeReplace, false);
    return replaces?.length ? `replace ${replaces}` : changes ? "update" : "nothing";
  };
  assert.equal(await verb({}), "nothing");
  for (const key of ["content", "mode", "owner", "check"])
    assert.equal(await verb({ files: inputs({ ...given, [key]: "other" }).files }), "update", key);
  for (const key of ["afterWrite", "afterDelete"]) assert.equal(await verb({ [key]: "x" }), "update", key);
  const { [given.path]: file } = inputs(given).files;
  assert.equal(await verb({ files: { "/other": file } }), "update");
  assert.equal(await verb({ files: { [given.path]: file, "/other": file } }), "update");
  assert.equal(await verb({ ssh: { ...given.ssh, host: "10.0.0.9" } }), "replace ssh");
  for (const key of ["user", "privateKey", "keyFile", "knownHostsFile", "hostKey"])
    assert.equal(await verb({ ssh: { ...given.ssh, [key]: "other" } }), "update", key);
  assert.equal(await verb({ ssh: { ...given.ssh, port: 2222 } }), "update");
  assert.equal(await verb({ ssh: Object.fromEntries(Object.entries(given.ssh).reverse()) }), "nothing");
  // In a preview that makes the machine anew.
  assert.equal(await verb({ ssh: unknownValue }), "update");
  assert.equal(await verb({ ssh: { ...given.ssh, host: unknownValue } }), "update");
  assert.equal(await verb({ files: unknownValue }), "update");
});

test("check fills in defaults and finds all mistakes at once", async () => {
  const { ssh } = given;
  const good = await files.check({}, { ssh, files: { "/etc/a": { content: "x", check: undefined } } });
  assert.deepEqual(good, {
    inputs: { ssh, files: { "/etc/a": { content: "x", mode: "0644", owner: "root:root" } } },
    failures: [],
  });

  const { failures = [] } = await files.check(
    {},
    {
      ssh: { ...ssh, port: 0, user: "a b", privateKey: "/root/.ssh/id" },
      files: {
        "etc/x": { content: "x" },
        "/etc/y": { content: 5, mode: "rw", owner: "root", check: "visudo -c" },
        "/etc/z": "text",
      },
      afterWrite: "",
    },
  );
  assert.deepEqual(failures.map(({ property }) => property).sort(), [
    "afterWrite",
    "files./etc/y.check",
    "files./etc/y.content",
    "files./etc/y.mode",
    "files./etc/y.owner",
    "files./etc/z",
    "files.etc/x",
    "ssh.port",
    "ssh.privateKey",
    "ssh.user",
  ]);
  for (const { property, reason } of failures) assert.ok(reason.startsWith(`\`${property}\` must `), reason);
  for (const wrong of ["/", "/a/", "/a//b", "/a/../b", "/a/.", "", "/a\0"]) {
    const refused = await files.check({}, { ssh, files: { [wrong]: { content: "x" } } });
    assert.equal(refused.failures?.[0]?.property, `files.${wrong}`);
  }
  assert.equal((await files.check({}, { ssh, files: {} })).failures?.[0]?.property, "files");
  assert.equal((await files.check({}, { ssh })).failures?.[0]?.property, "files");
});

test("check does not judge what is not known yet", async () => {
  const { ssh } = given;
  const file = { content: unknownValue, mode: unknownValue, owner: unknownValue, check: unknownValue };
  const cases: Record<keyof Pick<FilesInputs, "ssh" | "files">, unknown>[] = [
    { ssh: unknownValue, files: { "/a": { content: "x" } } },
    { ssh: { ...ssh, port: unknownValue, host: unknownValue }, files: { "/a": { content: "x" } } },
    { ssh, files: unknownValue },
    { ssh, files: { "/a": unknownValue } },
    { ssh, files: { "/a": file } },
  ];
  for (const unknown of cases) assert.deepEqual((await files.check({}, unknown)).failures, []);
});
