import * as pulumi from "@pulumi/pulumi";

/** A component whose children's names begin with its own, so that two of one kind fit in one program. */
export abstract class Component extends pulumi.ComponentResource {
  /**
   * @param type the last part of the type token
   * @param name unique among the program's components of this type
   * @param inputs what the component says about itself in the state, for policies; nothing secret
   */
  constructor(
    type: string,
    readonly name: string,
    inputs: pulumi.Inputs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(`ha-rancher:components:${type}`, name, inputs, opts);
  }

  /** The name of a child. */
  childName(name: string): string {
    return `${this.name}-${name}`;
  }

  /**
   * Options of a child.
   *
   * @param former its name before children's names began with the component's: a stack of that time keeps the resource
   */
  childOptions(former: string): { parent: pulumi.Resource; aliases: pulumi.Alias[] } {
    return { parent: this, aliases: [{ name: former }] };
  }
}
