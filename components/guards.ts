import * as pulumi from "@pulumi/pulumi";
import { linkedProgram } from "../domain/node-set";
import { Component } from "./component";
import type { Node } from "./node";
import { fingerprint, type NodeDependencies, nodeCommand, readingUnits } from "./on-node";

/** The guard, and what resets the node when systemd cannot kill a guard that hangs. */
const units = "ha-rancher-watchdog ha-rancher-guard";

export interface GuardsArgs {
  nodes: Node[];
  /** The text that a node's guard runs from; a change restarts it. */
  source: (node: Node) => pulumi.Input<string>;
  /** What must be on a node before its guard starts: all that it mounts and runs. */
  after: NodeDependencies;
}

/** The guards, started: from here on they decide which node is active. */
export class Guards extends Component {
  /** The nodes' names, known once all guards run. */
  readonly started: pulumi.Output<string[]>;

  constructor(name: string, args: GuardsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Guards", name, {}, opts);
    const started = args.nodes.map((node) => {
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
          changes: pulumi.output(args.source(node)).apply(fingerprint),
        },
        args.after(node),
      );
      return service.stdout.apply(() => node.name);
    });
    this.started = pulumi.all(started);
    this.registerOutputs({ started: this.started });
  }
}
