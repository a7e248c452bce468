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
 * The provider of a resource type as Pulumi keeps it: the text of a module whose `handler` makes it.
 *
 * Pulumi stores this text in the stack's state and runs `refresh` and `destroy` from there, so it holds
 * no logic: it only forwards to the installed code. A fix in that code reaches old resources at once, and
 * module-level state (locks, connections) works. `createRequire` resolves from the program's folder: by
 * self-reference in this project, from node_modules in a program that imports this package (a bare `require` of
 * our own name fails, since it resolves from the Pulumi SDK's folder).
 *
 * Pulumi's own way to such a text serializes an object, for which it loads the TypeScript compiler and looks through all
 * loaded modules with a debugger: a second in each run of a program.
 *
 * @param module the exporting module; it has an object of that name
 * @param name the name of the `pulumi.dynamic.ResourceProvider` which that module exports
 */
export function shim(module: Implementation, name: string): string {
  const forward = `(...args) => require("node:module").createRequire(\`\${process.cwd()}/\`)(${JSON.stringify(module)}).${name}`;
  const methods = verbs.map((verb) => `  ${verb}: ${forward}.${verb}(...args),\n`);
  return `exports.handler = () => ({\n${methods.join("")}});\n`;
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
