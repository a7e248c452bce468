import { commandPlugin } from "../../../lab/plugins/command/plugin";
import { dockerPlugin } from "../../../lab/plugins/docker/plugin";
import type { Plugin, ResourceType } from "../../../lab/plugins/plugin";
import { serve } from "../../../lab/plugins/serve";
import type { Values } from "../../../lab/plugins/values";

/* The stand-ins for Pulumi's plugins with nobody behind them: see paper-providers.ts. Called with the plugin's name first. */

const computed = (urn: string): Values => ({
  ...{ stdout: "", stderr: "" },
  ...(/RemoteImage::/.test(urn) && { imageId: "sha256:of-paper", repoDigest: "image@sha256:of-paper" }),
});

const onPaper = (type: ResourceType): ResourceType => ({
  ...type,
  create: async ({ urn, name }, inputs) => ({
    id: `paper-${name}`,
    properties: { ...inputs, ...computed(urn) },
  }),
  read: async (_context, live) => live,
  update: async ({ urn }, _id, _olds, news) => ({ ...news, ...computed(urn) }),
  delete: async () => {},
});

const [name] = process.argv.splice(2, 1);
const plugin: Plugin = name === "docker" ? dockerPlugin : commandPlugin;
serve({
  ...plugin,
  types: Object.fromEntries(Object.entries(plugin.types).map(([token, type]) => [token, onPaper(type)])),
});
