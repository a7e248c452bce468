import { callOn } from "../../local/called";
import { Failure } from "../../local/errors";
import { lookBeforeUp } from "../pulumi/before-up";
import { deploy } from "../pulumi/deploy";
import { prepare } from "../pulumi/prepare";
import { working } from "../pulumi/turn";
import { Clock } from "../ui/clock";
import { rotateKey } from "./rotate-machine";
import { rotatePassphrase } from "./rotate-passphrase";
import { secretNames, wayOf } from "./rotate-ways";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface RotateOptions {
  stack: string;
  /** Wait for who works on the stack. */
  wait?: boolean;
}

async function rotateMachine(name: string, { stack, wait }: RotateOptions): Promise<number> {
  const clock = new Clock();
  const sound = await lookBeforeUp(stack, wait, say, ["rotate", name]);
  const { usesLab, backend, turn, known, read } = sound;
  const machine = known?.machines.find((each) => each.name === name);
  if (!machine && known?.nodes.includes(name))
    throw new Failure(
      `${name} is a host that existed before, and its SSH key is yours. Let another key in there, beside the present one; name it in \`nodes\` (\`keyFile\` or \`privateKey\`); \`${callOn(stack, "up")}\`; then take the former one off`,
    );
  if (!machine) {
    const machines = known?.machines.map((each) => each.name) ?? [];
    throw new Failure(
      `the stack ${stack} has no secret of the name ${name}. There are ${[...machines, ...secretNames].join(", ")}`,
    );
  }
  await working(backend, stack, "rotate", turn, async () => {
    const prepared = await prepare(usesLab, clock, say);
    const apply = async (): Promise<void> =>
      await deploy({ ...sound, known: await read() }, prepared, clock, say);
    await rotateKey(machine, apply, say);
  });
  say(`${name} has a new SSH key, and refuses the former one`);
  return 0;
}

/**
 * Gives a secret that is this program's own a new value: the SSH key of a machine, or the passphrase of the state.
 *
 * @param name of a machine, or of a secret
 * @returns 0
 * @throws Failure with the way, for a secret that is somebody else's
 */
export async function rotate(name: string, options: RotateOptions): Promise<number> {
  const { stack, wait } = options;
  const way = wayOf(name, stack);
  if (way !== undefined) throw new Failure(way);
  if (name === "passphrase")
    return await rotatePassphrase({ wait, again: callOn(stack, "rotate", "--wait", name), say });
  return await rotateMachine(name, options);
}
