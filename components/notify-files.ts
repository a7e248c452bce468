import * as pulumi from "@pulumi/pulumi";
import { type NotifyPlan, notifyConfiguration } from "../domain/notify";
import type { Component } from "./component";
import type { Node } from "./node";
import { type Dependencies, nodeFiles, nodePaths } from "./on-node";

/** Whom the nodes tell what happens. Pulumi keeps all of it as a secret: addresses of webhooks are such, too. */
export type NotifyArgs = pulumi.Input<pulumi.Unwrap<NotifyPlan>>;

/** The file that a node's observer reads it from, for root alone. Its observer is started anew by itself. */
export function notifyFiles(
  node: Node,
  component: Component,
  notify: NotifyArgs,
  dependsOn: Dependencies,
): pulumi.Resource {
  const content = pulumi.output(notify).apply((plan) => notifyConfiguration(plan as NotifyPlan));
  const files = { [`${nodePaths.config}/notify.json`]: { content, mode: "0600" } };
  return nodeFiles("notify-files", node, component, { files: pulumi.secret(files) }, dependsOn);
}
