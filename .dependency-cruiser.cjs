// The rooms' arrows: who may import whom. They go downwards only:
//
//   cli, drill -> stack -> components, workloads -> providers -> domain; settings -> domain
//   plugin -> components, workloads, providers: the same for programs in other languages
//   policy -> settings, domain, and the workloads' rules
//   local: this machine's files, processes and locks, below all but domain and settings
//   lab -> local, domain
//
// Run by `npm run lint` over the sources.

/** The rooms, and which others each may import. */
const arrows = {
  domain: [],
  settings: ["domain"],
  local: ["domain"],
  lab: ["local", "domain"],
  providers: ["domain", "local"],
  workloads: ["components", "providers", "domain", "local"],
  components: ["workloads", "providers", "domain", "local"],
  stack: ["components", "workloads", "providers", "settings", "domain", "lab", "local"],
  policy: ["settings", "domain", "local"],
  plugin: ["components", "workloads", "providers", "domain", "local"],
  drill: ["stack", "components", "workloads", "providers", "settings", "domain", "lab", "local"],
  cli: [
    "drill",
    "stack",
    "policy",
    "components",
    "workloads",
    "providers",
    "settings",
    "domain",
    "lab",
    "local",
  ],
};

/** Files for which more is allowed, or less; each with its reason. */
const exceptions = {
  settings: {
    also: ["^workloads/[^/]+/(settings|rules|versions)\\.ts$"],
    why: "a workload declares its own settings",
  },
  policy: {
    also: ["^workloads/[^/]+/policies\\.ts$", "^providers/[^/]+/inputs\\.ts$"],
    why: "a workload has rules of its own, and rules read what resources are given",
  },
};

const rooms = Object.keys(arrows);

const arrow = ([room, below]) => {
  const allowed = [room, ...below].map((name) => `^${name}/`).concat(exceptions[room]?.also ?? []);
  return {
    name: `${room}-looks-down`,
    comment: `${room}/ imports ${below.length > 0 ? below.join(", ") : "no other room"}${exceptions[room] ? ` (${exceptions[room].why})` : ""}: move what both need down, or give it as an argument`,
    severity: "error",
    from: {
      path: `^${room}/`,
      pathNot: "^workloads/([^/]+/(settings|rules|policies|from-settings)\\.ts$|from-settings/)",
    },
    to: { path: `^(${[...rooms, "examples"].join("|")})/|^index\\.ts$`, pathNot: allowed },
  };
};

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment:
        "Files that import each other cannot be read one after the other: move what both need into a third one",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    ...Object.entries(arrows).map(arrow),
    {
      name: "workload-settings-look-down",
      comment:
        "What a workload's settings may say is known without what they make: settings/values and domain only",
      severity: "error",
      from: { path: "^workloads/[^/]+/(settings|rules|versions)\\.ts$" },
      to: {
        path: `^(${[...rooms, "examples"].join("|")})/`,
        pathNot: ["^settings/values\\.ts$", "^domain/", "^workloads/[^/]+/(settings|versions)\\.ts$"],
      },
    },
    {
      name: "workload-policies-look-down",
      comment: "A workload's rules read what those of policy/ do, and have their form",
      severity: "error",
      from: { path: "^workloads/[^/]+/policies\\.ts$" },
      to: {
        path: `^(${[...rooms, "examples"].join("|")})/`,
        pathNot: ["^policy/(read|rule)\\.ts$", "^settings/", "^domain/", "^providers/[^/]+/inputs\\.ts$"],
      },
    },
    {
      name: "decoding-looks-down",
      comment:
        "What makes a workload's arguments from settings knows both, and where it runs; it is used by index.ts alone",
      severity: "error",
      from: { path: "^workloads/([^/]+/from-settings\\.ts$|from-settings/)" },
      to: { path: "^(stack|policy|drill|cli|test|examples)/" },
    },
    {
      name: "components-take-arguments",
      comment: "Components and workloads are usable alone: they take arguments of their own, no settings",
      severity: "error",
      from: { pathNot: "^(index\\.ts|workloads/([^/]+/from-settings\\.ts|from-settings/.*)|test/.*)$" },
      to: { path: "^workloads/([^/]+/from-settings\\.ts$|from-settings/)" },
    },
    {
      name: "tests-on-top",
      comment: "Nothing that is used imports tests",
      severity: "error",
      from: { pathNot: "^test/" },
      to: { path: "^test/" },
    },
    {
      name: "everything-is-there",
      comment: "An import leads to a file, or to a package of package.json",
      severity: "error",
      from: {},
      // ha-rancher: this package by its own name, as its users import it, which tests do after it is compiled.
      to: { couldNotResolve: true, pathNot: "^ha-rancher/" },
    },
    {
      name: "no-tools-at-run-time",
      comment: "What is installed without the development packages must run",
      severity: "error",
      from: { path: `^(${rooms.join("|")}|index\\.ts)`, pathNot: "^drill/(report|plots|bench)/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    // Types count, too: a type that comes from above is knowledge that does.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
