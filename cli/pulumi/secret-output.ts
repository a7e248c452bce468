import { inBareProject } from "../../local/pulumi/bare-project";
import { run } from "../../local/run";
import { accessTo } from "./access";

/** A secret output of a stack, in clear. @throws if Pulumi does not give it */
export async function secretOutput(stack: string, name: string): Promise<string> {
  const { cli } = await accessTo(stack);
  const argv = ["stack", "output", name, "--show-secrets", "--non-interactive", "--stack", stack];
  const { stdout } = await inBareProject(async (cwd) => await run(cli.pulumi, argv, { env: cli.env, cwd }));
  return stdout.trim();
}
