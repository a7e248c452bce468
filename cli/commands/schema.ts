import { type CommandBuilder, command } from "./command";

export const schemaCommand: CommandBuilder = () =>
  command(
    "schema",
    "write the files that are made from the settings (for editors, Pulumi and the docs), after a change in settings/",
  ).action(async () => (await import("../actions/schema.js")).writeSchema());
