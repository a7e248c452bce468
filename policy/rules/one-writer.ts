import { readAgentConfiguration } from "../../domain/agent-configuration";
import { doubles } from "../../domain/doubles";
import { sentenceOf } from "../../domain/mistake";
import { orderInShort, timerMistakes, timerRules } from "../../domain/timers";
import { callOf } from "../../local/called";
import { unitValue } from "../read";
import { check, type FileMap, type Judged, known, levels, ofType, type Rule, types } from "../rule";

const agentUnit = /\/ha-rancher-agent\.service$/;
const agentFile = /\/agent\.json$/;

const contentOf = (files: FileMap | undefined, path: RegExp): string | undefined =>
  Object.entries(files ?? {}).find(([each]) => path.test(each))?.[1].content;

/** The files of all `remote.Files`. Each is read separately, so that one unknown value does not hide the others. */
const allFiles = (resources: Judged[]): FileMap[] =>
  ofType(resources, types.files).flatMap(({ props }) => {
    const files = known(() => (props as { files?: FileMap }).files);
    return files ? [files] : [];
  });

const timersInOrder: Rule = {
  name: "timers-in-order",
  reason:
    "An owner must have given up before it is killed, and be dead before the server gives its lease away.",
  remedy: `Keep ${orderInShort}, as docs/fencing.md has it; the defaults do.`,
  levels: levels("mandatory"),
  resources: {
    [types.files]: check<{ files: FileMap }>(({ files }) => {
      const text = contentOf(files, agentFile);
      if (text === undefined) return [];
      const { times } = readAgentConfiguration(text);
      return timerRules.flatMap((rule) => timerMistakes(rule, times)).map(sentenceOf);
    }),
  },
};

const seconds = (text: string | undefined): number =>
  Number(/^(\d+(?:\.\d+)?)(?:s|sec)?$/.exec(text ?? "")?.[1] ?? 0);

const watchdogOn: Rule = {
  name: "watchdog-on",
  reason:
    "An agent that hangs decides nothing: only if it is killed does another one go on before the lease is lost.",
  remedy: "Leave `WatchdogSec` and `WatchdogSignal=SIGKILL` in ha-rancher-agent.service.",
  levels: levels("mandatory", { blog: "advisory" }),
  resources: {
    [types.files]: check<{ files: FileMap }>(({ files }) => {
      const unit = contentOf(files, agentUnit);
      if (unit === undefined) return [];
      const isOn =
        seconds(unitValue(unit, "WatchdogSec")) > 0 && unitValue(unit, "WatchdogSignal") === "SIGKILL";
      return isOn ? [] : ["The agent runs without a watchdog that kills it"];
    }),
  },
};

const watchdogDevice: Rule = {
  name: "watchdog-device",
  reason:
    "A node on which nothing acts any more is reset by its watchdog device alone; without one its container may run on beside the next owner's.",
  remedy: "Set `fencing.watchdog` to automatic, or to required where every node has a device.",
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

const ownIdentity: Rule = {
  name: "own-nfs-identity",
  reason: "Two nodes with one NFS identity are one client to the server: they share every lock.",
  remedy: "Give each node its own name; its identity follows from that.",
  levels: levels("mandatory"),
  stack: (resources) => {
    const identities = allFiles(resources).flatMap(
      (files) => readAgentConfiguration(contentOf(files, agentFile) ?? "").identity ?? [],
    );
    return doubles(identities).map((identity) => `Two nodes have the NFS identity ${identity}`);
  },
};

interface Outputs {
  vipHolders?: string[];
  currentMaster?: string;
  nodes?: { name: string; role: string }[];
}

const oneHolder: Rule = {
  name: "one-holder",
  reason: "A stack that ends an update with no holder, or two, is down or split.",
  remedy: `Look with \`${callOf("status")}\`; \`${callOf("up")}\` again once the cause is mended.`,
  levels: levels("mandatory"),
  stack: (resources, { isPreview }) => {
    // A preview shows the state before the update. It must not refuse the update that would repair the stack.
    if (isPreview) return [];
    return ofType(resources, types.stack).flatMap(({ props }) => {
      const { vipHolders, nodes = [] } = props as Outputs;
      if (!vipHolders) return [];
      const masters = nodes.filter(({ role }) => role === "master").map(({ name }) => name);
      if (vipHolders.length !== 1)
        return [
          `The VIP has ${vipHolders.length} holders${vipHolders.length ? ` (${vipHolders.join(", ")})` : ""}`,
        ];
      return masters.length > 1 ? [`${masters.join(" and ")} are masters at the same time`] : [];
    });
  },
};

export const oneWriterRules: Rule[] = [timersInOrder, watchdogOn, watchdogDevice, ownIdentity, oneHolder];
