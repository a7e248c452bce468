import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { credentials, type Metadata, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
  CheckRequest,
  type CheckResponse,
  ConfigureRequest,
  type ConfigureResponse,
  CreateRequest,
  type CreateResponse,
  DeleteRequest,
  DiffRequest,
  DiffResponse,
  ErrorResourceInitFailed,
  ReadRequest,
  type ReadResponse,
  UpdateRequest,
  type UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { packageRoot } from "../../local/root";
import { shim } from "../../providers/shim";
import { ownOwner, TestServer } from "./remote-server";

/*
 * The real process that Pulumi starts for dynamic resources, driven as the engine drives it, with the providers
 * by the text that the state has of them: what no test of the provider objects alone can show.
 */

type Properties = Record<string, JavaScriptValue>;
const struct = (properties: object): Struct => Struct.fromJavaScript(properties as Properties);

let server: TestServer;
let program: string;
let child: ChildProcess;
let client: ResourceProviderClient;

before(async () => {
  server = await new TestServer().start();
  // A program's folder, in which this package resolves itself to what was compiled for this test.
  program = mkdtempSync(join(tmpdir(), "ha-rancher-program-"));
  copyFileSync(join(packageRoot, "package.json"), join(program, "package.json"));
  symlinkSync(join(packageRoot, "node_modules"), join(program, "node_modules"));
  symlinkSync(join(__dirname, "../.."), join(program, "dist"));
  const main = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
  child = spawn(process.execPath, [main, "engine"], { cwd: program, stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve) =>
    child.stdout?.once("data", (line) => resolve(String(line).trim())),
  );
  client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  const configuration = new ConfigureRequest().setArgs(struct({}));
  await call<ConfigureResponse>((done) => client.configure(configuration, done));
});
after(async () => {
  client.close();
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.kill();
  await ended;
  rmSync(program, { recursive: true, force: true });
  await server.stop();
});

const call = <Response>(
  method: (done: (error: ServiceError | null, response: Response) => void) => unknown,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    method((error, response) => (error ? reject(error) : resolve(response)));
  });

const outputs = (response: { getProperties(): Struct | undefined }): Properties =>
  response.getProperties()?.toJavaScript() ?? {};

async function check(news: object): Promise<{ inputs: Properties; failures: string[] }> {
  const request = new CheckRequest().setOlds(struct({})).setNews(struct(news));
  const response = await call<CheckResponse>((done) => client.check(request, done));
  return {
    inputs: response.getInputs()?.toJavaScript() ?? {},
    failures: response.getFailuresList().map((failure) => failure.getReason()),
  };
}

async function create(inputs: object): Promise<{ id: string; outs: Properties }> {
  const request = new CreateRequest().setProperties(struct(inputs));
  const response = await call<CreateResponse>((done) => client.create(request, done));
  return { id: response.getId(), outs: outputs(response) };
}

async function remove(id: string, outs: object): Promise<void> {
  const request = new DeleteRequest().setId(id).setProperties(struct(outs));
  await call((done) => client.delete(request, done));
}

async function read(id: string, outs: object): Promise<ReadResponse> {
  const request = new ReadRequest().setId(id).setProperties(struct(outs));
  return await call<ReadResponse>((done) => client.read(request, done));
}

async function isChanged(id: string, olds: object, news: object): Promise<boolean> {
  const request = new DiffRequest().setId(id).setOlds(struct(olds)).setNews(struct(news));
  const response = await call<DiffResponse>((done) => client.diff(request, done));
  return response.getChanges() === DiffResponse.DiffChanges.DIFF_SOME;
}

/** What the engine makes of an error: the half-made resource, if there is one. */
function halfMade(error: ServiceError & { metadata: Metadata }): { id: string; properties: Properties } {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  const [detail] = Status.deserializeBinary(bytes as Buffer).getDetailsList();
  const failed = ErrorResourceInitFailed.deserializeBinary(detail?.getValue_asU8() ?? new Uint8Array());
  return { id: failed.getId(), properties: failed.getProperties()?.toJavaScript() ?? {} };
}

/** The code of `remote.Files` as the state of some version has it: 1 of the first one, the last of today's. */
const storedCode = (version: number): string =>
  readFileSync(join(packageRoot, "test", "unit", "stored-code", `${version}.txt`), "utf8");
const versions = readdirSync(join(packageRoot, "test", "unit", "stored-code")).map((name) =>
  parseInt(name, 10),
);

test("what goes into the state is a forwarder without logic: the same on each machine, with each Node", () => {
  const text = shim("ha-rancher/providers/remote", "files");
  assert.ok(text.length < 4_000, `${text.length} characters`);
  assert.doesNotMatch(text, /afterWrite|sha256/);
  // Another text is a change of every resource in every stack. Is it worth that, then it is a further version here.
  assert.equal(text, storedCode(Math.max(...versions)));
});

test("a password's life in the provider's process", async () => {
  const __provider = shim("ha-rancher/providers/password", "password");
  assert.deepEqual((await check({ __provider, length: 3 })).failures, [
    "`length` must be 12 or more: shorter passwords are guessed",
  ]);
  const { inputs } = await check({ __provider });
  assert.equal(inputs.length, 24);
  const { id, outs } = await create(inputs);
  assert.match(String(outs.value), /^\S{24}$/);
  assert.equal(await isChanged(id, outs, inputs), false);
  assert.equal(await isChanged(id, outs, { ...inputs, length: 30 }), true);
  await remove(id, outs);
});

for (const version of versions)
  test(`a file's life in the provider's process, by the code of version ${version}: all over one connection`, async () => {
    const __provider = storedCode(version);
    const logins = server.logins;
    const path = server.path("etc/app.conf");
    const owner = ownOwner();
    const given = { __provider, ssh: server.endpoint, files: { [path]: { content: "ä\n", owner } } };
    const { inputs, failures } = await check(given);
    assert.deepEqual(failures, []);
    const { id, outs } = await create(inputs);
    assert.equal(readFileSync(path, "utf8"), "ä\n");
    assert.equal(await isChanged(id, outs, inputs), false);

    const found = await read(id, outs);
    assert.equal(found.getId(), id);
    assert.deepEqual(outputs(found), outs);
    assert.deepEqual(found.getInputs()?.toJavaScript(), inputs);

    const files = { [path]: { content: "new", mode: "0644", owner } };
    const news = { ...inputs, files };
    const request = new UpdateRequest().setId(id).setOlds(struct(outs)).setNews(struct(news));
    const updated = outputs(await call<UpdateResponse>((done) => client.update(request, done)));
    assert.deepEqual(updated, { ...outs, files });

    await remove(id, updated);
    assert.ok(!existsSync(path));
    assert.equal((await read(id, updated)).getId(), "");
    assert.ok(server.logins - logins <= 1, "the connection is kept from call to call");
  });

test("a half-made file can be completed, read and deleted from what the state holds of it", async () => {
  const __provider = shim("ha-rancher/providers/remote", "files");
  const path = server.path("etc/half.conf");
  const given = {
    __provider,
    ssh: server.endpoint,
    files: { [path]: { content: "x", owner: ownOwner() } },
    afterWrite: "false",
  };
  const { inputs } = await check(given);
  const error = await create(inputs).then(
    () => assert.fail("it should have failed"),
    (thrown: ServiceError) => thrown,
  );
  assert.match(error.details, /half.conf on .*the command that follows the change failed/);
  const { id, properties } = halfMade(error);
  assert.equal(id, `127.0.0.1:${path}`);
  assert.deepEqual(properties, {
    ...inputs,
    ...{ unfinished: true, retired: [], schema: 1, partial: true },
  });
  assert.equal(await isChanged(id, properties, inputs), true);
  await remove(id, properties);
  assert.ok(!existsSync(path));
});

test("where the package is not found, the error says from where and what to do", async () => {
  const code = storedCode(Math.max(...versions)).replaceAll(
    "ha-rancher/providers/remote",
    "ha-rancher/providers/nowhere",
  );
  await assert.rejects(check({ __provider: code }), (error: ServiceError) => {
    assert.match(
      error.details,
      /the package ha-rancher is not found from \S+ha-rancher-program-\S+: run `npm install` there, or .*NODE_PATH/,
    );
    return true;
  });
});
