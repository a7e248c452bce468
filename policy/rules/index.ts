import { rancherRules } from "../../workloads/rancher/policies";
import type { Rule } from "../rule";
import { accessRules } from "./access";
import { floatingIpRules } from "./floating-ip";
import { machineRules } from "./machines";
import { oneWriterRules } from "./one-writer";
import { storageRules } from "./storage";

/** All rules, in the order in which docs/policies.md lists them. */
export const rules: readonly Rule[] = [
  ...floatingIpRules,
  ...machineRules,
  ...accessRules,
  ...rancherRules,
  ...storageRules,
  ...oneWriterRules,
];
