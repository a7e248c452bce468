import { colors } from "./colors";

/** A node as the stack's outputs have it (components/observe.ts). */
export interface NodeOutput {
  name: string;
  address: string;
  role: string;
  ssh: string;
}

export interface SummaryInput {
  stack: string;
  outputs: Record<string, unknown>;
  usesLab: boolean;
}

const text = (value: unknown): string => (value === undefined ? "unknown" : String(value));

/** What a person wants to know after `up`. */
export function summary({ stack, outputs, usesLab }: SummaryInput): string {
  const nodes = (outputs.nodes ?? []) as NodeOutput[];
  const rest = stack === "dev" ? "" : ` --stack ${stack}`;
  const command = (name: string): string => `npm run ${name}${rest && ` --${rest}`}`;
  const password = `${command("shell")}${rest ? " " : " -- "}pulumi stack output bootstrapPassword --show-secrets`;
  const rows = [
    ["VIP", text(outputs.vip)],
    ["URL", text(outputs.url)],
    ["Master", text(outputs.currentMaster)],
    ...nodes.map(({ name, ssh }) => [name, `${usesLab ? "npm run shell -- " : ""}${ssh}`]),
    ...(outputs.bootstrapPassword === undefined ? [] : [["Password", password]]),
    ["Status", command("status")],
    ...(usesLab ? [["Browser", `${command("forward")}, then https://localhost:8443`]] : []),
    ["Remove", command("down")],
  ];
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return [
    "",
    colors.bold(`The stack ${stack} is up`),
    ...rows.map(([name = "", value]) => `  ${name.padEnd(width)}  ${value}`),
    "",
  ].join("\n");
}
