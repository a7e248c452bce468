"use strict";
// The process that runs a policy pack, out of the SDK of the pack that it is started in. That one takes every pack for
// TypeScript, and loads the compiler; a pack that is compiled says so in its PulumiPolicy.yaml (`typescript: false`).
const { dirname, join } = require("node:path");
require("./late-modules.cjs");

const main = require.resolve("@pulumi/pulumi/cmd/run-policy-pack", { paths: [process.cwd()] });
if (process.argv.includes("-typescript=false")) {
  const sdk = require(join(dirname(main), "run.js"));
  const { run } = sdk;
  sdk.run = (options) => run({ ...options, typeScript: false });
}
require(main);
