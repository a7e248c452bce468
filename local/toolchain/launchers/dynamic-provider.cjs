"use strict";
// The process that runs dynamic providers, out of the SDK of the project that it is started in.
require("./late-modules.cjs");
require(require.resolve("@pulumi/pulumi/cmd/dynamic-provider", { paths: [process.cwd()] }));
