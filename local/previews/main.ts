import { createRequire } from "node:module";
import { previewing, type Service } from "./previewing";

/*
 * Starts the server of dynamic resources of the SDK that the program has, with previews of updates added to it.
 */

/** What is used of gRPC's server. */
interface Grpc {
  Server: { prototype: { addService(definition: object, service: object): void } };
}

const load = createRequire(require.resolve("@pulumi/pulumi/package.json", { paths: [process.cwd()] }));
const { Server } = load("@grpc/grpc-js") as Grpc;
const { ResourceProviderService } = load("./proto/provider_grpc_pb.js") as {
  ResourceProviderService: object;
};

const { addService } = Server.prototype;
Server.prototype.addService = function (definition, service) {
  const isOurs = definition === ResourceProviderService;
  addService.call(
    this,
    definition,
    isOurs ? previewing(service as Service, load("./proto/provider_pb.js")) : service,
  );
};

load("./cmd/dynamic-provider");
