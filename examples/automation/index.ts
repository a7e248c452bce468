import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation";

/*
 * A stack driven by a program, with Pulumi's Automation API: made, looked at, and removed without a terminal. Run it in
 * `npm run shell`, where `pulumi` and its backend are set up:
 *   npm run shell -- node dist/examples/automation/index.js up|outputs|destroy STACK
 * The stack's settings are in Pulumi.STACK.yaml, as always; `npm run new-stack` writes one.
 */

/** The folder of Pulumi.yaml. */
const workDir = process.cwd();

async function select(stackName: string): Promise<Stack> {
  return await LocalWorkspace.createOrSelectStack(
    { stackName, workDir },
    // The `pulumi` that is on PATH: no other is downloaded.
    { pulumiCommand: await PulumiCommand.get({ skipVersionCheck: true }) },
  );
}

const show = (text: string): void => void process.stdout.write(text);

async function main([verb = "outputs", name = "dev"]: string[]): Promise<void> {
  const stack = await select(name);
  switch (verb) {
    case "up": {
      const { summary, outputs } = await stack.up({ onOutput: show, color: "never" });
      console.log(`${summary.result}: ${JSON.stringify(summary.resourceChanges)}`);
      console.log(`Rancher answers at ${outputs.url?.value}, ${outputs.currentMaster?.value} has the VIP`);
      return;
    }
    case "outputs": {
      const outputs = await stack.outputs();
      for (const [key, { value, secret }] of Object.entries(outputs))
        console.log(`${key}: ${secret ? "[secret]" : JSON.stringify(value)}`);
      return;
    }
    case "destroy":
      await stack.destroy({ onOutput: show, color: "never" });
      return;
    default:
      throw new Error("say what to do: up, outputs or destroy");
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
