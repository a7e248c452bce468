import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb";
import type { Message } from "google-protobuf";
import { type Change, changes, topLevel } from "./diff";
import { EngineLog, empty, fromStruct, toStatus, toStruct } from "./messages";
import type { Checked, Context, Diff, Plugin, ResourceType } from "./plugin";

// Slow modules are loaded only when they are needed: Pulumi starts a process per provider and waits for its port.
const grpc = () => require("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
const protocol = () => require("@pulumi/pulumi/proto/provider_pb") as typeof messages;

/** Pulumi's own limit for a message. */
const longestMessage = 400 * 1024 * 1024;

const severities = {
  add: ["ADD", "ADD_REPLACE"],
  delete: ["DELETE", "DELETE_REPLACE"],
  update: ["UPDATE", "UPDATE_REPLACE"],
} as const;

function checkResponse({ inputs, failures }: Checked): messages.CheckResponse {
  const response = new (protocol().CheckResponse)();
  response.setInputs(toStruct(inputs));
  for (const { property, reason } of failures) {
    const failure = new (protocol().CheckFailure)();
    failure.setProperty(property);
    failure.setReason(reason);
    response.addFailures(failure);
  }
  return response;
}

function diffResponse({ changes, deleteBeforeReplace = false }: Diff): messages.DiffResponse {
  const { DiffResponse, PropertyDiff } = protocol();
  const response = new DiffResponse();
  const names = (some: readonly Change[]): string[] => [...new Set(some.map(({ path }) => topLevel(path)))];
  response.setChanges(
    changes.length > 0 ? DiffResponse.DiffChanges.DIFF_SOME : DiffResponse.DiffChanges.DIFF_NONE,
  );
  response.setDiffsList(names(changes));
  response.setReplacesList(names(changes.filter(({ replace }) => replace)));
  response.setDeletebeforereplace(deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const { path, kind, replace } of changes) {
    const detail = new PropertyDiff();
    detail.setKind(PropertyDiff.Kind[severities[kind][replace ? 1 : 0]]);
    detail.setInputdiff(true);
    response.getDetaileddiffMap().set(path, detail);
  }
  return response;
}

/** The service's methods. Missing ones answer "unimplemented", which the engine expects from plugins. */
function service(plugin: Plugin, log: EngineLog): UntypedServiceImplementation {
  const cancelled = new AbortController();

  const typeOf = (request: { getUrn(): string; getType(): string }): ResourceType => {
    // URN: urn:pulumi:STACK::PROJECT::PARENT$TYPES$TYPE::NAME
    const token = request.getType() || (request.getUrn().split("::")[2]?.split("$").at(-1) ?? "");
    const type = plugin.types[token];
    if (type) return type;
    throw new Error(
      `\`${token}\` is not implemented by the offline stand-in for Pulumi's ${plugin.name} plugin, which has ` +
        `${Object.keys(plugin.types).join(", ")}: use one of these, or install the official plugin`,
    );
  };
  const contextOf = (request: { getUrn(): string; getName(): string }): Context => {
    const urn = request.getUrn();
    return {
      urn,
      name: request.getName() || urn.split("::").slice(3).join("::"),
      signal: cancelled.signal,
      status: (line) => log.write("info", line, urn, true),
      say: (severity, message) => log.write(severity, message, urn, false),
    };
  };
  const method =
    <Request>(action: (request: Request) => Message | Promise<Message>) =>
    (call: { request: Request }, callback: (error: object | null, response?: Message) => void): void => {
      (async () => action(call.request))()
        .finally(() => log.flush())
        .then(
          (response) => callback(null, response),
          (error) => callback(toStatus(error)),
        );
    };

  return {
    getPluginInfo: method(() => {
      const { PluginInfo } =
        require("@pulumi/pulumi/proto/plugin_pb") as typeof import("@pulumi/pulumi/proto/plugin_pb");
      const info = new PluginInfo();
      info.setVersion(plugin.version);
      return info;
    }),
    attach: method((request: { getAddress(): string }) => {
      log.address = request.getAddress();
      return empty();
    }),
    cancel: method(() => {
      cancelled.abort();
      return empty();
    }),
    checkConfig: method((request: messages.CheckRequest) =>
      checkResponse(plugin.checkConfig(fromStruct(request.getNews()))),
    ),
    diffConfig: method((request: messages.DiffRequest) => {
      // A changed configuration is an update of the provider: its resources stay.
      const olds = fromStruct(request.getOldInputs() ?? request.getOlds());
      return diffResponse({ changes: changes(olds, fromStruct(request.getNews())) });
    }),
    configure: method((request: messages.ConfigureRequest) => {
      const prefix = `${plugin.name}:config:`;
      const config: Record<string, string> = {};
      request.getVariablesMap().forEach((value, key) => {
        if (key.startsWith(prefix)) config[key.slice(prefix.length)] = value;
      });
      plugin.configure(config);
      const response = new (protocol().ConfigureResponse)();
      // Secrets arrive as plain text; the engine keeps outputs of the same name secret.
      response.setSupportspreview(true);
      return response;
    }),
    invoke: method((request: messages.InvokeRequest) => {
      throw new Error(
        `\`${request.getTok()}\` is not implemented by the offline stand-in for Pulumi's ${plugin.name} plugin: ` +
          "do without it, or install the official plugin",
      );
    }),
    check: method((request: messages.CheckRequest) =>
      checkResponse(typeOf(request).check(fromStruct(request.getNews()))),
    ),
    diff: method((request: messages.DiffRequest) =>
      diffResponse(typeOf(request).diff(fromStruct(request.getOldInputs()), fromStruct(request.getNews()))),
    ),
    create: method(async (request: messages.CreateRequest) => {
      const type = typeOf(request);
      const inputs = fromStruct(request.getProperties());
      const response = new (protocol().CreateResponse)();
      if (request.getPreview()) {
        response.setProperties(toStruct(type.previewCreate(inputs)));
      } else {
        const { id, properties } = await type.create(contextOf(request), inputs);
        response.setId(id);
        response.setProperties(toStruct(properties));
      }
      return response;
    }),
    read: method(async (request: messages.ReadRequest) => {
      const response = new (protocol().ReadResponse)();
      const live = await typeOf(request).read(contextOf(request), {
        id: request.getId(),
        properties: fromStruct(request.getProperties()),
        inputs: fromStruct(request.getInputs()),
      });
      // An empty answer means that the resource is gone.
      if (live) {
        response.setId(live.id);
        response.setProperties(toStruct(live.properties));
        response.setInputs(toStruct(live.inputs));
      }
      return response;
    }),
    update: method(async (request: messages.UpdateRequest) => {
      const type = typeOf(request);
      const olds = fromStruct(request.getOlds());
      const news = fromStruct(request.getNews());
      const response = new (protocol().UpdateResponse)();
      response.setProperties(
        toStruct(
          request.getPreview()
            ? type.previewUpdate(olds, news)
            : await type.update(contextOf(request), request.getId(), olds, news),
        ),
      );
      return response;
    }),
    delete: method(async (request: messages.DeleteRequest) => {
      await typeOf(request).delete(contextOf(request), request.getId(), fromStruct(request.getProperties()));
      return empty();
    }),
  };
}

/** Ends this process if its parent has ended without a signal. */
function endWithParent(end: () => void): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) end();
  }, 2_000).unref();
}

/**
 * Serves a plugin to the Pulumi engine that started this process: prints the port, as the engine expects, and
 * ends on SIGINT, SIGTERM or with the engine.
 */
export function serve(plugin: Plugin): void {
  const { ResourceProviderService } =
    require("@pulumi/pulumi/proto/provider_grpc_pb") as typeof import("@pulumi/pulumi/proto/provider_grpc_pb");
  const { Server, ServerCredentials } = grpc();
  // The engine passes its own address as the last argument, and none if it attaches later.
  const log = new EngineLog(process.argv.slice(2).findLast((argument) => !argument.startsWith("-")));
  const server = new Server({
    "grpc.max_receive_message_length": longestMessage,
    "grpc.max_send_message_length": longestMessage,
  });
  server.addService(ResourceProviderService, service(plugin, log));

  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    plugin.close();
    log.close();
    server.tryShutdown(() => process.exit(0));
    // A call that never returns must not delay the end: the engine would kill the process 5 s later.
    setTimeout(() => process.exit(0), 500).unref();
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  endWithParent(end);

  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      console.error(`the ${plugin.name} plugin cannot listen on 127.0.0.1: ${error.message}`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
}
