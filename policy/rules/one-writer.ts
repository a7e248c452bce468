import { readAgentConfiguration } from "../../domain/agent-configuration";
import { check, type FileMap, levels, type Rule, types } from "../rule";

const agentFile = /\/agent\.json$/;

const contentOf = (files: FileMap | undefined, path: RegExp): string | undefined =>
  Object.entries(files ?? {}).find(([each]) => path.test(each))?.[1].content;

const watchdogDevice: Rule = {
  name: "watchdog-device",
  reason:
    "A node on which nothing acts any more is reset by its watchdog device alone; without one its container may run on beside the next owner's.",
  remedy: "Set `fencing.watchdog` to automatic, or to required where every node has a device.",
  severity: "high",
  beyond: 'The settings take `fencing.watchdog: "off"`.',
  levels: levels("advisory", { prod: "mandatory" }),
  resources: {
    [types.files]: check<{ files: FileMap }>(({ files }) => {
      const text = contentOf(files, agentFile);
      return text !== undefined && readAgentConfiguration(text).watchdog === "off"
        ? ["The node's agent may use no watchdog device"]
        : [];
    }),
  },
};

export const oneWriterRules: Rule[] = [watchdogDevice];
