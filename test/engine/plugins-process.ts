import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  credentials,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from "@grpc/grpc-js";
import * as engine from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import * as service from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import type { Values } from "../../lab/plugins/values";

const methods = service.ResourceProviderService;
const load = createRequire(require.resolve("@pulumi/pulumi/package.json"));
const { Struct } = load(
  "google-protobuf/google/protobuf/struct_pb.js",
) as typeof import("google-protobuf/google/protobuf/struct_pb");
const { Empty } = load(
  "google-protobuf/google/protobuf/empty_pb.js",
) as typeof import("google-protobuf/google/protobuf/empty_pb");

const struct = (values: Values) =>
  Struct.fromJavaScript(values as Parameters<typeof Struct.fromJavaScript>[0]);

export interface Logged {
  severity: number;
  message: string;
  urn: string;
  ephemeral: boolean;
}

/** What a call that failed in part said about the resource. */
export interface Partial {
  id: string;
  properties: Values;
}

export type PluginError = Error & { details: string; partial?: Partial };

/** A plugin process with a client that speaks to it as the engine does, in plain values. */
export interface PluginProcess {
  /** Milliseconds from its start to its port. */
  startTime: number;
  child: ChildProcess;
  logged: Logged[];
  checkConfig(news: Values): Promise<{ inputs: Values; failures: messages.CheckFailure.AsObject[] }>;
  diffConfig(olds: Values, news: Values): Promise<messages.DiffResponse.AsObject>;
  configure(config: Record<string, string>): Promise<messages.ConfigureResponse.AsObject>;
  check(
    type: string,
    news: Values,
    olds?: Values,
  ): Promise<{ inputs: Values; failures: messages.CheckFailure.AsObject[] }>;
  diff(type: string, oldInputs: Values, olds: Values, news: Values): Promise<messages.DiffResponse.AsObject>;
  create(type: string, inputs: Values, preview?: boolean): Promise<{ id: string; properties: Values }>;
  read(
    type: string,
    id: string,
    properties: Values,
    inputs: Values,
  ): Promise<{ id: string; properties: Values; inputs: Values }>;
  update(type: string, id: string, olds: Values, news: Values, preview?: boolean): Promise<Values>;
  delete(type: string, id: string, properties: Values): Promise<void>;
  version(): Promise<string>;
  cancel(): Promise<void>;
  /** A call that the stand-ins do not have. */
  getSchema(): Promise<unknown>;
  /** Ends it as the engine does; gives its exit code and the milliseconds that it took. */
  stop(): Promise<{ code: number | null; took: number }>;
}

/** Reads the resource out of the details of a status, as Go's gRPC packs them. */
function partialOf(error: ServiceError | null): Partial | undefined {
  const [packed] = error?.metadata?.get("grpc-status-details-bin") ?? [];
  if (!packed) return undefined;
  const { Status } =
    require("@pulumi/pulumi/proto/status_pb") as typeof import("@pulumi/pulumi/proto/status_pb");
  const [any] = Status.deserializeBinary(packed as Buffer).getDetailsList();
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() ?? new Uint8Array());
  return { id: failed.getId(), properties: failed.getProperties()?.toJavaScript() as Values };
}

async function startEngine(logged: Logged[]): Promise<{ address: string; close(): void }> {
  const server = new Server();
  server.addService(engine.EngineService, {
    log: (call: ServerUnaryCall<LogRequest, unknown>, done: sendUnaryData<unknown>) => {
      const { severity, message, urn, ephemeral } = call.request.toObject();
      logged.push({ severity, message, urn, ephemeral });
      done(null, new Empty());
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}

/** Starts a stand-in's process as the engine does. */
export async function startPlugin(name: "command" | "docker"): Promise<PluginProcess> {
  const logged: Logged[] = [];
  const host = await startEngine(logged);
  const began = performance.now();
  const main = join(__dirname, "..", "..", "lab", "plugins", name, "main.js");
  const child = spawn(process.execPath, [main, host.address], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
    child.once("exit", (code) => reject(new Error(`the plugin ended with code ${code}`)));
  });
  const startTime = performance.now() - began;
  const client = new service.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());

  const call = <Request, Response>(
    method: MethodDefinition<Request, Response>,
    request: Request,
  ): Promise<Response> =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        (error: ServiceError | null, response?: Response) => {
          if (error || !response)
            reject(Object.assign(error ?? new Error("no answer"), { partial: partialOf(error) }));
          else resolve(response);
        },
      ),
    );
  const address = <
    Request extends {
      setUrn(urn: string): unknown;
      setName(name: string): unknown;
      setType(type: string): unknown;
    },
  >(
    request: Request,
    type: string,
  ): Request => {
    request.setUrn(`urn:pulumi:test::project::parent:index:Parent$${type}::thing`);
    request.setName("thing");
    request.setType(type);
    return request;
  };
  const checked = (response: messages.CheckResponse) => ({
    inputs: response.getInputs()?.toJavaScript() as Values,
    failures: response.getFailuresList().map((failure) => failure.toObject()),
  });

  return {
    startTime,
    child,
    logged,
    async checkConfig(news) {
      const request = new messages.CheckRequest();
      request.setUrn(`urn:pulumi:test::project::pulumi:providers:${name}::default`);
      request.setNews(struct(news));
      return checked(await call(methods.checkConfig, request));
    },
    async diffConfig(olds, news) {
      const request = new messages.DiffRequest();
      request.setOldInputs(struct(olds));
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      return (await call(methods.diffConfig, request)).toObject();
    },
    async configure(config) {
      const request = new messages.ConfigureRequest();
      for (const [key, value] of Object.entries(config)) {
        request.getVariablesMap().set(`${name}:config:${key}`, value);
      }
      request.setAcceptsecrets(true);
      return (await call(methods.configure, request)).toObject();
    },
    async check(type, news, olds = {}) {
      const request = address(new messages.CheckRequest(), type);
      request.setNews(struct(news));
      request.setOlds(struct(olds));
      return checked(await call(methods.check, request));
    },
    async diff(type, oldInputs, olds, news) {
      const request = address(new messages.DiffRequest(), type);
      request.setId("id");
      request.setOldInputs(struct(oldInputs));
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      return (await call(methods.diff, request)).toObject();
    },
    async create(type, inputs, preview = false) {
      const request = address(new messages.CreateRequest(), type);
      request.setProperties(struct(inputs));
      request.setPreview(preview);
      const response = await call(methods.create, request);
      return { id: response.getId(), properties: response.getProperties()?.toJavaScript() as Values };
    },
    async read(type, id, properties, inputs) {
      const request = address(new messages.ReadRequest(), type);
      request.setId(id);
      request.setProperties(struct(properties));
      request.setInputs(struct(inputs));
      const response = await call(methods.read, request);
      return {
        id: response.getId(),
        properties: (response.getProperties()?.toJavaScript() ?? {}) as Values,
        inputs: (response.getInputs()?.toJavaScript() ?? {}) as Values,
      };
    },
    async update(type, id, olds, news, preview = false) {
      const request = address(new messages.UpdateRequest(), type);
      request.setId(id);
      request.setOlds(struct(olds));
      request.setNews(struct(news));
      request.setPreview(preview);
      return (await call(methods.update, request)).getProperties()?.toJavaScript() as Values;
    },
    async delete(type, id, properties) {
      const request = address(new messages.DeleteRequest(), type);
      request.setId(id);
      request.setProperties(struct(properties));
      await call(methods.delete, request);
    },
    version: async () => (await call(methods.getPluginInfo, new Empty())).getVersion(),
    cancel: async () => {
      await call(methods.cancel, new Empty());
    },
    getSchema: () => call(methods.getSchema, new messages.GetSchemaRequest()),
    async stop() {
      const since = performance.now();
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
      if (child.exitCode === null) child.kill("SIGINT");
      const code = child.exitCode ?? (await ended);
      const took = performance.now() - since;
      client.close();
      host.close();
      return { code, took };
    },
  };
}
