import { join } from "node:path";
import { LocalWorkspace, PulumiCommand, type PulumiFn } from "@pulumi/pulumi/automation";
import { Password } from "ha-rancher/providers/password";
import { HaRancher, type HaRancherArgs } from "ha-rancher/workloads/rancher";

/*
 * A program of another package that drives Pulumi itself, its stacks being functions: `node inline.js FOLDER VERB`, where
 * FOLDER has node_modules. Says what came of it as JSON.
 */

const args = (folder: string, net: number): HaRancherArgs => ({
  id: `inline-${net}`,
  nodes: ["left", "right"].map((side, i) => ({
    name: `${side}-${net}`,
    address: `192.168.${net}.1${i + 1}`,
  })),
  machines: {
    hypervisor: "libvirt",
    box: "lab/debian",
    boxVersion: "1.0",
    prefix: 24,
    directory: join(folder, "machines", String(net)),
    owner: `inline/${net}`,
  },
  floatingIp: { vip: { address: `192.168.${net}.10`, prefix: 24 } },
  storage: { kind: "host", address: `192.168.${net}.1`, directory: join(folder, "data", String(net)) },
});

const programs: Record<string, (folder: string) => PulumiFn> = {
  password: () => async () => ({ value: new Password("one").value }),
  two: (folder) => async () => {
    const [first, second] = [56, 57].map((net) => new HaRancher(`rancher-${net}`, args(folder, net)));
    return { first: first?.url, second: second?.url };
  },
};

async function main([folder = "", verb = "", name = "password"]: string[]): Promise<unknown> {
  const program = programs[name]?.(folder);
  if (!program) throw new Error(`no program ${name}`);
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: name, projectName: "inline", program },
    {
      pulumiCommand: await PulumiCommand.get({ skipVersionCheck: true }),
      // Where Pulumi runs dynamic resources; by default the folder of the process.
      projectSettings: { name: "inline", runtime: "nodejs", main: folder },
    },
  );
  switch (verb) {
    case "up":
      return (await stack.up({ color: "never" })).summary.resourceChanges;
    case "refresh":
      return (await stack.refresh({ color: "never" })).summary.resourceChanges;
    case "preview":
      return (await stack.preview({ color: "never" })).changeSummary;
    case "destroy":
      return (await stack.destroy({ color: "never" })).summary.resourceChanges;
    default:
      throw new Error(`no verb ${verb}`);
  }
}

main(process.argv.slice(2)).then(
  (said) => console.log(JSON.stringify(said)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
