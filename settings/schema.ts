import { z } from "zod";
import { environments } from "../domain/environment";
import { addressRules } from "../workloads/address/rules";
import { addressShape } from "../workloads/address/settings";
import { containerRules } from "../workloads/container/rules";
import { containerShape } from "../workloads/container/settings";
import { rancherRules, rancherShape } from "../workloads/rancher/settings";
import { agentRules, agentShape } from "./agent";
import { backupRules, backupShape } from "./backup";
import { fencingRules, fencingShape } from "./fencing";
import { floatingIpShape } from "./floating-ip";
import { imageRules, imageShape } from "./image";
import { keepalivedRules } from "./keepalived-rules";
import { nodeRules, nodesShape } from "./nodes";
import { notifyRules, notifyShape } from "./notify";
import { pathRules } from "./path-rules";
import { portRules } from "./port-rules";
import { roleRules } from "./role-rules";
import { storageRules, storageShape } from "./storage";
import { oneOf, type Rule, setting } from "./values";
import { floatingIpRules } from "./vip-rules";
import { workloadShape } from "./workload";

/** All settings, by name without the namespace, in the order in which they are listed for people. */
export const settingsSchema = z.strictObject({
  ...floatingIpShape,
  ...nodesShape,
  ...storageShape,
  ...workloadShape,
  ...imageShape,
  ...rancherShape,
  ...containerShape,
  ...addressShape,
  ...backupShape,
  environment: setting(
    oneOf(environments).optional(),
    "What the stack is for, which decides how strictly the policies judge it (docs/policies.md): dev, blog, hosts, prod",
    "the one that it is named after, else hosts if all nodes are, else dev",
  ),
  ...agentShape,
  ...fencingShape,
  ...notifyShape,
});

/** Settings that passed all checks, as they were given. */
export type Parsed = z.infer<typeof settingsSchema>;

/** All rules between settings. */
export const rules: readonly Rule<Parsed>[] = [
  ...nodeRules,
  ...storageRules,
  ...keepalivedRules,
  ...floatingIpRules,
  ...agentRules,
  ...fencingRules,
  ...rancherRules,
  ...containerRules,
  ...addressRules,
  ...imageRules,
  ...backupRules,
  ...notifyRules,
  ...roleRules,
  ...pathRules,
  ...portRules,
];

/** The names of all settings, without the namespace. */
export const settingNames = Object.keys(settingsSchema.shape);
