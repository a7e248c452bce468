"use strict";
// Pulumi's SDK loads TypeScript and npm's arborist at its start, half a second for both. A provider's process never
// uses either, a program with dynamic resources only the first: so they are loaded when they are first used.
const Module = require("node:module");

const late = new Set(["typescript", "@npmcli/arborist"]);
const ofSdk = /[\\/]@pulumi[\\/]pulumi[\\/](typescript-shim|runtime[\\/]closure[\\/]codePaths)\.js$/;

const load = Module._load;

Module._load = (request, parent, isMain) => {
  const now = () => load(request, parent, isMain);
  if (!late.has(request) || !ofSdk.test(parent?.filename ?? "")) return now();
  // Not there is told at once: the SDK then takes its own.
  Module._resolveFilename(request, parent, isMain);
  let loaded;
  const it = () => (loaded ??= now());
  return new Proxy(
    {},
    {
      // `import *` would copy everything of a module that does not say so.
      get: (_, key) => (key === "__esModule" ? true : it()[key]),
      has: (_, key) => key in it(),
    },
  );
};
