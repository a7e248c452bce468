import { createRequire } from "node:module";
import type { Message } from "google-protobuf";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { messageOf } from "../../local/errors";
import { type Context, PartialFailure } from "./plugin";
import type { Values } from "./values";

/*
 * Pulumi's messages are built with the google-protobuf that @pulumi/pulumi itself loads: its serializers refuse the
 * classes of another copy.
 */
const load = createRequire(require.resolve("@pulumi/pulumi/package.json"));
const structs = load(
  "google-protobuf/google/protobuf/struct_pb.js",
) as typeof import("google-protobuf/google/protobuf/struct_pb");
const empties = load(
  "google-protobuf/google/protobuf/empty_pb.js",
) as typeof import("google-protobuf/google/protobuf/empty_pb");

export const empty = (): Message => new empties.Empty();

export const toStruct = (values: Values): Struct =>
  structs.Struct.fromJavaScript(values as Parameters<typeof structs.Struct.fromJavaScript>[0]);

export const fromStruct = (struct: Struct | undefined): Values => (struct?.toJavaScript() ?? {}) as Values;

/** An error's text is sent in HTTP/2 trailers, which are limited to 64 KiB, percent-encoded. */
const longestMessage = 16_000;

export function shortened(message: string): string {
  if (message.length <= longestMessage) return message;
  const half = longestMessage / 2;
  return `${message.slice(0, half)}\n[... ${message.length - longestMessage} characters left out ...]\n${message.slice(-half)}`;
}

/** Converts an error for gRPC; a {@link PartialFailure} contains what exists, in the form of Go's gRPC. */
export function toStatus(error: unknown): object {
  const grpc = require("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
  const message = shortened(messageOf(error));
  const metadata = new grpc.Metadata();
  if (error instanceof PartialFailure) {
    const { ErrorResourceInitFailed } =
      require("@pulumi/pulumi/proto/provider_pb") as typeof import("@pulumi/pulumi/proto/provider_pb");
    const { Status } =
      require("@pulumi/pulumi/proto/status_pb") as typeof import("@pulumi/pulumi/proto/status_pb");
    const { Any } = load(
      "google-protobuf/google/protobuf/any_pb.js",
    ) as typeof import("google-protobuf/google/protobuf/any_pb");
    const detail = new ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(toStruct(error.properties));
    detail.setReasonsList([message]);
    const any = new Any();
    any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const status = new Status();
    status.setCode(grpc.status.UNKNOWN);
    status.setMessage(message);
    status.addDetails(any);
    metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  }
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

type Severity = Parameters<Context["say"]>[0];

/** Shows messages through the engine. It is loaded and connected at the first message. */
export class EngineLog {
  private client: import("@pulumi/pulumi/proto/engine_grpc_pb").EngineClient | undefined;
  private tail: Promise<void> = Promise.resolve();

  constructor(public address: string | undefined) {}

  /** @param ephemeral shown beside the resource while it is worked on, and not afterwards */
  write(severity: Severity, message: string, urn: string, ephemeral: boolean): void {
    const { address } = this;
    // Without an engine nobody sees the message.
    if (!address) return;
    const grpc = require("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
    const services =
      require("@pulumi/pulumi/proto/engine_grpc_pb") as typeof import("@pulumi/pulumi/proto/engine_grpc_pb");
    const messages =
      require("@pulumi/pulumi/proto/engine_pb") as typeof import("@pulumi/pulumi/proto/engine_pb");
    this.client ??= new services.EngineClient(address, grpc.credentials.createInsecure());
    const request = new messages.LogRequest();
    request.setSeverity(
      {
        info: messages.LogSeverity.INFO,
        warning: messages.LogSeverity.WARNING,
        error: messages.LogSeverity.ERROR,
      }[severity],
    );
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    const { client } = this;
    // One after the other, so that lines keep their order. A lost line is no failure.
    this.tail = this.tail.then(
      () =>
        new Promise<void>((resolve) =>
          client.log(request, new grpc.Metadata(), { deadline: Date.now() + 5_000 }, () => resolve()),
        ),
    );
  }

  /** Waits until all messages are shown. */
  async flush(): Promise<void> {
    await this.tail;
  }

  close(): void {
    this.client?.close();
  }
}
