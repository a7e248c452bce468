/**
 * Variables in which the language host describes the update to a Node.js process, up to 3.220 also to that of a policy
 * pack (sdk/nodejs/cmd/pulumi-language-nodejs/main.go).
 */
export const hostVariables = {
  stack: "PULUMI_NODEJS_STACK",
  /** The stack's settings, as JSON. */
  settings: "PULUMI_CONFIG",
} as const;
