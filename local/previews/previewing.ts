import { AsyncLocalStorage } from "node:async_hooks";
import type {
  ConfigureResponse,
  CreateRequest,
  CreateResponse,
  DiffRequest,
  UpdateRequest,
  UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";

/*
 * In a preview, Pulumi's server of dynamic resources is not asked what an update would give: every output that is no input
 * counts as unknown, and with it all that is made from it. Here it is asked, and answers from the last `diff` of the resource,
 * which says what would stay (`stables`). The SDK reads that from the provider, and drops it.
 */

type Callback = (error: unknown, response?: unknown) => void;
type Method = (call: { request: unknown }, callback: Callback) => unknown;

/** The methods of `pulumirpc.ResourceProvider` that are changed. */
export interface Service {
  configure: Method;
  diff: Method;
  create: Method;
  update: Method;
}

/** The messages of the SDK that serves. */
export interface Messages {
  CreateResponse: new () => CreateResponse;
  UpdateResponse: new () => UpdateResponse;
}

const running = new AsyncLocalStorage<{ stables?: readonly string[] | undefined }>();

/** Notes what the `diff` that runs now has found to stay, for the preview; without this server nobody asks for it. */
export function noteStables(stables: readonly string[] | undefined): void {
  const diff = running.getStore();
  if (diff) diff.stables = stables;
}

/** The outputs after an update: the inputs, and what stays. All that is left out is unknown. */
function planned(
  olds: Struct | undefined,
  news: Struct | undefined,
  stables: readonly string[],
): Struct | undefined {
  const outputs = news?.clone() as Struct | undefined;
  const fields = outputs?.getFieldsMap();
  for (const name of stables) {
    const value = olds?.getFieldsMap().get(name);
    if (value !== undefined && fields?.has(name) === false) fields.set(name, value);
  }
  return outputs;
}

/** What the state has of every resource (stored.ts): nothing is made from it. */
const beside = ["schema", "partial"];

/** Says in a preview which outputs it cannot know: what is made from them is shown as changed, and may stay as it is. */
function tellUnknown(request: UpdateRequest, planned: Struct | undefined): void {
  const names: string[] = [];
  request
    .getOlds()
    ?.getFieldsMap()
    .forEach((_, name) => {
      if (!beside.includes(name) && planned?.getFieldsMap().has(name) === false) names.push(name);
    });
  if (names.length === 0) return;
  const name = request.getUrn().replace(/.*::/, "");
  // Pulumi shows the output of a provider.
  console.log(
    `${name}: only the update tells ${names.join(", ")}; what is made from that is shown as changed here, and may stay as it is`,
  );
}

/**
 * A server that answers previews itself, beside what it does: what is made has its inputs as outputs, what is changed also
 * those that stay.
 *
 * @param service the SDK's
 */
export function previewing(service: Service, { CreateResponse, UpdateResponse }: Messages): Service {
  const stables = new Map<string, readonly string[]>();
  // Its methods find each other, and what it keeps, in `this`.
  const server = Object.create(service) as Service;
  return Object.assign(server, {
    configure: (call, callback) =>
      service.configure.call(server, call, (error, response) => {
        (response as ConfigureResponse | undefined)?.setSupportspreview(true);
        callback(error, response);
      }),

    diff: (call, callback) => {
      const urn = (call.request as DiffRequest).getUrn();
      const found: { stables?: readonly string[] } = {};
      return running.run(found, () =>
        service.diff.call(server, call, (error, response) => {
          stables.set(urn, found.stables ?? []);
          callback(error, response);
        }),
      );
    },

    create: (call, callback) => {
      const request = call.request as CreateRequest;
      if (!request.getPreview()) return service.create.call(server, call, callback);
      return callback(undefined, new CreateResponse().setProperties(request.getProperties()));
    },

    update: (call, callback) => {
      const request = call.request as UpdateRequest;
      if (!request.getPreview()) return service.update.call(server, call, callback);
      const stay = stables.get(request.getUrn()) ?? [];
      const properties = planned(request.getOlds(), request.getNews(), stay);
      tellUnknown(request, properties);
      return callback(undefined, new UpdateResponse().setProperties(properties));
    },
  } satisfies Service);
}
