import { randomBytes } from "node:crypto";
import { unknownValue as unknown } from "../../../local/pulumi/values";
import { changes } from "../diff";
import { checkFields } from "../fields";
import type { Plugin, ResourceType } from "../plugin";
import { Connections } from "../ssh";
import { plain, type Values } from "../values";
import { type CommandInputs, type CommandOutputs, commandFields } from "./properties";
import { runCommand } from "./run";

const connections = new Connections();

/** The inputs in a resource's properties; their form was checked before. */
const inputsOf = (values: Values): CommandInputs =>
  checkFields("command", commandFields, values).inputs as never;

/** Adds defaults, so that the state of another version of the plugin shows no difference. */
const comparable = (values: Values): Values =>
  plain(checkFields("command", commandFields, plain(values)).inputs);

/** The outputs in a preview: a command's output is not known before it has run. */
const preview = (inputs: Values): Values => ({ ...inputs, stdout: unknown, stderr: unknown });

/** `command:remote:Command`: runs a command on a machine when it is created, changed or deleted. */
const remoteCommand: ResourceType = {
  check: (news) => checkFields("command", commandFields, news),

  // This never causes a replacement: the SDK itself requests one when `triggers` change.
  diff: (oldInputs, news) => ({ changes: changes(comparable(oldInputs), comparable(news)) }),

  previewCreate: preview,

  async create(context, values) {
    const id = `${context.name}${randomBytes(4).toString("hex")}`;
    const inputs = inputsOf(values);
    const outputs =
      inputs.create === undefined
        ? { stdout: "", stderr: "" }
        : await runCommand(connections, context, inputs, inputs.create, {} as CommandOutputs);
    return { id, properties: { ...values, ...outputs } };
  },

  // There is nothing to read: a command makes no object.
  read: async (_context, live) => live,

  previewUpdate: (_olds, news) => preview(news),

  async update(context, _id, olds, news) {
    const inputs = inputsOf(news);
    const previous = olds as unknown as CommandOutputs;
    const command = inputs.update ?? inputs.create;
    const outputs =
      command === undefined
        ? { stdout: previous.stdout ?? "", stderr: previous.stderr ?? "" }
        : await runCommand(connections, context, inputs, command, previous);
    return { ...news, ...outputs };
  },

  async delete(context, _id, properties) {
    const outputs = { ...properties, ...inputsOf(properties) } as unknown as CommandOutputs;
    if (outputs.delete === undefined) return;
    await runCommand(connections, context, outputs, outputs.delete, outputs);
  },
};

export const commandPlugin: Plugin = {
  name: "command",
  version: (require("@pulumi/command/package.json") as { version: string }).version,
  types: { "command:remote:Command": remoteCommand },
  // The package has no configuration.
  checkConfig: (news) => checkFields("command", { version: { is: "anything" } }, news),
  configure: () => {},
  close: () => connections.close(),
};
