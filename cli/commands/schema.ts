import { type CommandBuilder, command } from "./command";

export const schemaCommand: CommandBuilder = () =>
  command(
    "schema",
    "write what editors and Pulumi are told of the settings, after a change in settings/",
  ).action(async () => (await import("../actions/schema.js")).writeSchema());
