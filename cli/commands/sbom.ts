import { type CommandBuilder, command } from "./command";

export const sbomCommand: CommandBuilder = () =>
  command(
    "sbom",
    "print the list of all packages and modules that this program is made of (CycloneDX 1.6, JSON)",
  ).action(async () => (await import("../actions/sbom.js")).printSbom());
