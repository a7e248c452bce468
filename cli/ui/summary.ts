import { callOn } from "../../local/called";
import { colors } from "./colors";

/** A node as the stack's outputs have it (components/observe.ts). */
export interface NodeOutput {
  name: string;
  address: string;
}

/** A further VIP, likewise (workloads/address/observe.ts). */
interface VipOutput {
  name: string;
  vip: string;
  currentMaster: string;
}

export interface SummaryInput {
  stack: string;
  outputs: Record<string, unknown>;
  usesLab: boolean;
}

const text = (value: unknown): string => (value === undefined ? "unknown" : String(value));

/** The text that `up` prints at its end, for people. */
export function summary({ stack, outputs, usesLab }: SummaryInput): string {
  const nodes = (outputs.nodes ?? []) as NodeOutput[];
  const password = ["pulumi", "stack", "output", "bootstrapPassword", "--show-secrets"];
  const others = ((outputs.vips ?? []) as VipOutput[]).slice(1);
  const rows = [
    ["VIP", text(outputs.vip)],
    ["URL", text(outputs.url)],
    ["Master", text(outputs.currentMaster)],
    ...others.map(({ name, vip, currentMaster }) => [`VIP ${name}`, `${vip} on ${currentMaster}`]),
    ...nodes.map(({ name }) => [name, callOn(stack, "ssh", name)]),
    ...(outputs.bootstrapPassword === undefined ? [] : [["Password", callOn(stack, "shell", ...password)]]),
    ["Status", callOn(stack, "status")],
    ...(usesLab ? [["Browser", callOn(stack, "open")]] : []),
    ["Remove", callOn(stack, "down")],
  ];
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return [
    "",
    colors.bold(`The stack ${stack} is up`),
    ...rows.map(([name = "", value]) => `  ${name.padEnd(width)}  ${value}`),
    "",
  ].join("\n");
}
