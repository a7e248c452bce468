import * as pulumi from "@pulumi/pulumi";
import { linkedProgram } from "../domain/node-set";
import type { Node } from "./node";
import { fingerprint, nodeCommand, readingUnits } from "./on-node";

/** The guard, and what resets the node when systemd cannot kill a guard that hangs. */
const units = "ha-rancher-watchdog ha-rancher-guard";

export interface GuardsArgs {
  nodes: Node[];
  /** The text that a node's guard runs from; a change restarts it. */
  source: (node: Node) => string;
  /** What must be on a node before its guard starts. */
  after: (node: Node) => pulumi.Resource[];
}

/** The guards, started: from here on they decide which node is active. */
export class Guards extends pulumi.ComponentResource {
  /** Known once all guards run. */
  readonly started: pulumi.Output<unknown>[];

  constructor(name: string, args: GuardsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("ha-rancher:components:Guards", name, {}, opts);
    this.started = args.nodes.map((node) => {
      const service = nodeCommand(
        "guard-running",
        node,
        this,
        {
          // `restart` and not `start`: the same line serves the first start and every change. `enable` reads the units anew.
          // Without a watchdog the guard still guards: `status` says which node has none. What the guard before ran from goes.
          run: `sh -c '{ ${readingUnits(`systemctl enable ${units}`)}; } && systemctl restart ha-rancher-guard && { systemctl restart ha-rancher-watchdog || echo no watchdog; } && ${linkedProgram("host/set")} clean'`,
          // Stopped first: `disable` has PID 1 read all units anew, and on a slow node it feeds no watchdog for as long.
          undo: `sh -c 'systemctl stop ${units} && systemctl disable ${units}'`,
          changes: fingerprint(args.source(node)),
        },
        args.after(node),
      );
      return service.stdout;
    });
    this.registerOutputs({});
  }
}
