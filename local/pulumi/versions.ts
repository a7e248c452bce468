/**
 * This program knows private forms of other software. These are the versions whose sources they were read from. The
 * forms may change at any time: before one of these numbers changes, each form must be read again in the new version.
 */
export const readFrom = {
  /** The CLI: checkpoints, locks, secrets with a passphrase, credentials, plugins' folders (this folder). */
  cli: "3.220.0",
  /** Marks of values, variables, how a program ends (whole-program.ts), messages of providers (lab/plugins). */
  "@pulumi/pulumi": "3.220.0",
  /** Modules that a program needs late (toolchain/launchers/late-modules.cjs) and policies' processes. */
  "@pulumi/policy": "1.21.0",
  /** What counts its listeners (../signal-exit.ts). */
  "signal-exit": ["3.0.7", "4.1.0"],
} as const;
