/** A Pulumi CLI with its language host for Node.js and the launchers of dynamic providers and policy packs. */
export interface Toolchain {
  /** The folder with `pulumi`; it becomes the first on PATH. */
  bin: string;
  /** Version of the CLI, such as `3.220.0`. */
  version: string;
  /** Found on PATH, downloaded from Pulumi, or built from Go modules. */
  origin: "path" | "download" | "build";
}
