"use strict";
// Modules that are loaded at the start and used late or never: by Pulumi's SDK TypeScript, its Automation API and what looks
// through node_modules, by zod its messages in fifty languages. Together they are a third of what a provider's process would
// load. They are loaded when they are first used.
const Module = require("node:module");

const codePaths = /[\\/]@pulumi[\\/]pulumi[\\/]runtime[\\/]closure[\\/]codePaths\.js$/;

/** What is asked for, by the file that asks. */
const late = [
  [/[\\/]@pulumi[\\/]pulumi[\\/]typescript-shim\.js$/, "typescript"],
  [codePaths, "@npmcli/arborist"],
  [codePaths, "normalize-package-data"],
  [codePaths, "fdir"],
  [/[\\/]@pulumi[\\/]pulumi[\\/]index\.js$/, "./automation"],
  [/[\\/]zod[\\/]v4[\\/](core[\\/]index|classic[\\/]external)\.cjs$/, "../locales/index.cjs"],
];
const names = new Set(late.map(([, name]) => name));

const load = Module._load;

Module._load = (request, parent, isMain) => {
  const now = () => load(request, parent, isMain);
  const asks = ([file, name]) => name === request && file.test(parent?.filename ?? "");
  if (!names.has(request) || !late.some(asks)) return now();
  // Not there is told at once: the SDK then takes its own.
  Module._resolveFilename(request, parent, isMain);
  let loaded;
  const it = () => (loaded ??= now());
  const get = (_, key) => {
    // `import *` would copy everything of a module that does not say so.
    if (key === "__esModule") return true;
    return key === "default" ? (it().default ?? it()) : it()[key];
  };
  return new Proxy({}, { get, has: (_, key) => key in it() });
};
