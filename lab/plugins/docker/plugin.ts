import type { Plugin } from "../plugin";
import { checkConfig, type DockerHost, parseConfig } from "./config";
import { container } from "./container";
import type { Engine } from "./engine";
import { remoteImage } from "./image";
import { parseRegistryAuth, type RegistryLogin } from "./registry-auth";
import { volume } from "./volume";

let configured: { host: DockerHost; logins: RegistryLogin[] } | undefined;
let connected: Engine | undefined;

/** The configured host's engine; it connects at its first use. */
function engine(): Engine {
  if (!configured)
    throw new Error("`host` is not set: make a docker.Provider with it, and use it for this resource");
  // Loaded only for changes: a preview needs no engine.
  const { engineOf } = require("./engine") as typeof import("./engine");
  connected ??= engineOf(configured.host, configured.logins);
  return connected;
}

export const dockerPlugin: Plugin = {
  name: "docker",
  version: (require("@pulumi/docker/package.json") as { version: string }).version,
  types: {
    "docker:index/remoteImage:RemoteImage": remoteImage(engine),
    "docker:index/container:Container": container(engine),
    "docker:index/volume:Volume": volume(engine),
  },
  checkConfig,
  configure: ({ host, sshOpts, registryAuth }) => {
    configured = host
      ? { host: parseConfig(host, sshOpts), logins: parseRegistryAuth(registryAuth) }
      : undefined;
  },
  close: () => connected?.close(),
};
