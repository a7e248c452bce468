/**
 * Variables by which the language host tells a Node.js process of the update that it is part of: up to 3.220 also a
 * policy pack's (sdk/nodejs/cmd/pulumi-language-nodejs/main.go).
 */
export const hostVariables = {
  stack: "PULUMI_NODEJS_STACK",
  /** "true" in a preview, "false" in an update. */
  isPreview: "PULUMI_NODEJS_DRY_RUN",
  /** The stack's settings, as JSON. */
  settings: "PULUMI_CONFIG",
} as const;
