/** The modules that implement resource types, as this package exports them. */
export type Implementation =
  | "ha-rancher/providers/agent"
  | "ha-rancher/providers/docker"
  | "ha-rancher/providers/host"
  | "ha-rancher/providers/nfs"
  | "ha-rancher/providers/password"
  | "ha-rancher/providers/release"
  | "ha-rancher/providers/remote"
  | "ha-rancher/providers/vagrant"
  | "ha-rancher/providers/vip";

/** The verbs of a `pulumi.dynamic.ResourceProvider`. */
const verbs = ["check", "diff", "create", "read", "update", "delete"] as const;

/**
 * Finds a module of the installed package: from the program's folder, then from the Pulumi SDK that runs this. So it is found
 * as a direct dependency or as one of another package, by self-reference in this project, and in NODE_PATH. (A bare `require`
 * of our own name resolves from the program's folder alone, and not by self-reference.)
 */
const finder = `const find = (implementation) => {
  const { createRequire } = require("node:module");
  const ofSdk = /[\\\\/]@pulumi[\\\\/]pulumi[\\\\/]cmd[\\\\/]dynamic-provider[\\\\/]index\\.js$/;
  const sdk = Object.keys(require.cache).filter((file) => ofSdk.test(file));
  for (const from of [process.cwd() + "/", ...sdk]) {
    let found;
    try {
      found = createRequire(from).resolve(implementation);
    } catch {
      continue;
    }
    return require(found);
  }
  const where = "the package ha-rancher is not found from " + process.cwd();
  throw new Error(where + ": run \`npm install\` there, or name the folder node_modules that has it in NODE_PATH");
};
`;

/**
 * The provider of a resource type as Pulumi keeps it: the text of a module whose `handler` makes it.
 *
 * Pulumi stores this text in the stack's state and runs `refresh` and `destroy` from there, so it holds no logic: it only
 * forwards to the installed code. A fix in that code reaches old resources at once, and module-level state (locks,
 * connections) works. It is the same on every machine, and says no path.
 *
 * Pulumi's own way to such a text serializes an object, for which it loads the TypeScript compiler and looks through all
 * loaded modules with a debugger: a second in each run of a program.
 *
 * @param implementation the exporting module; it has an object of that name
 * @param name the name of the `pulumi.dynamic.ResourceProvider` which that module exports
 */
export function shim(implementation: Implementation, name: string): string {
  const methods = verbs.map(
    (verb) => `  ${verb}: (...args) => find(${JSON.stringify(implementation)}).${name}.${verb}(...args),\n`,
  );
  return `${finder}exports.handler = () => ({\n${methods.join("")}});\n`;
}

/**
 * A failure after which the resource exists in part: Pulumi keeps it in the state with `properties` and goes on
 * with `update` at the next `up`. It must be a plain Error (a subclass loses its message in serialization).
 */
export function partialFailure(error: unknown, id: string, properties: object): Error {
  const message = error instanceof Error ? error.message : String(error);
  return Object.assign(new Error(message), { id, properties, reasons: [message] });
}

/** The forwarding code that Pulumi stores with a resource: another version of it is a change, of the state alone. */
export const storedCode = (properties: object): unknown => (properties as { __provider?: string }).__provider;
