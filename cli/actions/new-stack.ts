import { existsSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { didYouMean } from "../../domain/closest";
import { callOf } from "../../local/called";
import { Failure } from "../../local/errors";
import { type Settings, SettingsError } from "../../settings";
import { checkSettingsText } from "../../settings/file";
import { floatingIpShape } from "../../settings/floating-ip";
import { hypervisors } from "../../settings/machines";
import { nodesShape } from "../../settings/nodes";
import { claimsOfSettings, contested } from "../../stack/claims";
import { refuseClashes } from "../../stack/clashes";
import { otherStacks, settingsOf } from "../../stack/other-stacks";
import { stackFile, writtenStacks } from "../../stack/stack-file";
import { runsInLab } from "../hypervisor";
import { backendOf } from "../pulumi/surroundings";
import { exampleNames, exampleTitle } from "./examples";
import { type Answers, isExample, parseNode, plainWorkloads, stackFileText, suggest } from "./new-stack-file";

export interface NewStackOptions {
  stack?: string | undefined;
  /** `rancher`, the default, `address`, or an example's name (examples.ts). */
  workload?: string | undefined;
  /** With `address`. */
  port?: number | undefined;
  kind?: "machines" | "hosts" | undefined;
  vip?: string | undefined;
  /** As NAME=ADDRESS. */
  node?: string[] | undefined;
  hypervisor?: string | undefined;
  box?: string | undefined;
  user?: string | undefined;
  keyFile?: string | undefined;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Asks for missing options, checks all of them, and writes the file of a new stack. */
export async function newStack(given: NewStackOptions): Promise<void> {
  const asks = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const workload = given.workload ?? (asks ? await askWorkload() : rancher);
  checkWorkload(workload, given.port);
  const options = { ...given, workload };
  const stack = options.stack ?? (asks ? await askName() : missing("the stack's name"));
  const file = freeFile(stack);
  const answers = asks ? await ask(stack, options) : complete(stack, options);
  const text = stackFileText(stack, answers);
  const settings = checkSettingsText(text, file);
  const usesLab = await runsInLab(settings);
  refuseClashes(settings, otherStacks(backendOf(usesLab), stack, usesLab));
  refuseSame(settings, stack);
  writeFileSync(file, text, { flag: "wx" });
  say(
    `${basename(file)} is written. It is checked, and can be changed; \`${callOf("up", "--stack", stack)}\` makes the stack.`,
  );
  if (isExample(workload))
    say(
      `Before that, look at examples/${workload}/README.md: it says which secrets the stack needs, and how to set them.`,
    );
}

/** Rancher's name among the workloads. */
const [rancher] = plainWorkloads;

function checkWorkload(name: string, port: number | undefined): void {
  const known = [...plainWorkloads, ...exampleNames()];
  if (port !== undefined && name !== "address")
    throw new Failure("`--port` is for a floating IP alone: add `--workload address`, or leave it out", 2);
  if (known.includes(name)) return;
  throw new Failure(
    `\`--workload\` must be one of ${known.join(", ")}, not ${JSON.stringify(name)}; the file of any other container is written by hand (workloads/container/README.md)${didYouMean(name, known)}`,
    2,
  );
}

function missing(what: string): never {
  throw new Failure(
    `${what} is missing, and there is no terminal to ask on: \`${callOf("new-stack", "NAME", "--vip", "ADDRESS/PREFIX", "--node", "NAME=ADDRESS", "--node", "NAME=ADDRESS")}\`, for hosts with \`--kind hosts --user USER --key-file FILE\``,
    2,
  );
}

function freeFile(stack: string): string {
  const file = stackFile(stack);
  if (existsSync(file))
    throw new Failure(`${basename(file)} is there already: choose another name, or change that file`);
  return file;
}

/** The stacks that have a file here, and can be read. */
function written(): { stack: string; settings: Settings }[] {
  return writtenStacks().flatMap((stack) => {
    const settings = settingsOf(stack);
    return settings ? [{ stack, settings }] : [];
  });
}

const addressesOf = (settings: Settings): string[] =>
  claimsOfSettings(settings).flatMap(({ kind, value }) => (kind === "address" ? [value] : []));

/** Refuses what another stack's file claims already: only one of the two could be up at a time. */
function refuseSame(settings: Settings, stack: string): void {
  const own = claimsOfSettings(settings);
  const mistakes = written().flatMap((other) =>
    other.stack === stack ? [] : contested(own, claimsOfSettings(other.settings), other.stack),
  );
  if (mistakes.length > 0) throw new SettingsError(mistakes);
}

function suggestion(stack: string, count: number): { vip?: string; nodes: Answers["nodes"] } {
  const taken = new Set(written().flatMap(({ settings }) => addressesOf(settings)));
  for (const { claims } of otherStacks(backendOf(true), stack, true))
    for (const { kind, value } of claims) if (kind === "address") taken.add(value);
  return suggest(stack, count, taken) ?? { nodes: [] };
}

/** Takes all answers from the command line; addresses of machines that are not given are suggested. */
function complete(stack: string, options: NewStackOptions): Answers {
  const { kind = "machines", vip, node, hypervisor, box, user, keyFile } = options;
  const { workload = rancher, port } = options;
  const nodes = node?.map(parsedNode);
  if (kind === "hosts") {
    const login = { user: user ?? missing("`--user`"), keyFile: keyFile ?? missing("`--key-file`") };
    return {
      ...{ workload, port, kind },
      vip: vip ?? missing("`--vip`"),
      nodes: nodes ?? missing("`--node`"),
      ...login,
      hypervisor,
      box,
    };
  }
  if (user !== undefined || keyFile !== undefined)
    throw new Failure("`--user` and `--key-file` are for hosts: add `--kind hosts`, or leave them out", 2);
  if ((vip === undefined) !== (nodes === undefined)) missing(vip === undefined ? "`--vip`" : "`--node`");
  const free = vip === undefined ? suggestion(stack, 2) : { nodes: [] };
  return {
    ...{ workload, port, kind, hypervisor, box },
    vip: vip ?? free.vip ?? missing("`--vip`"),
    nodes: nodes ?? free.nodes,
  };
}

function parsedNode(text: string): { name: string; address: string } {
  try {
    return parseNode(text);
  } catch (error) {
    throw new Failure(`\`--node\`: ${(error as Error).message}`, 2);
  }
}

/** True if an answer is right; otherwise its first mistake, for the prompt. */
const judged = (result: { success: boolean; error?: { issues: { message: string }[] } }): true | string =>
  result.success || `It ${result.error?.issues[0]?.message ?? "is wrong"}`;

async function askWorkload(): Promise<string> {
  const { default: select } = await import("@inquirer/select");
  return await select({
    message: "What is to stand behind the floating IP?",
    choices: [
      { name: "Rancher", value: rancher as string },
      { name: "what runs on the nodes already: only the floating IP", value: "address" },
      ...exampleNames().map((value) => ({ name: exampleTitle(value), value })),
    ],
  });
}

async function askName(): Promise<string> {
  const { default: input } = await import("@inquirer/input");
  return await input({
    message: "Name of the stack:",
    validate: (name) => {
      try {
        freeFile(name);
        return true;
      } catch (error) {
        return (error as Error).message;
      }
    },
  });
}

const nodesOf = (text: string): Answers["nodes"] =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map(parseNode);

function judgeNodes(text: string): true | string {
  try {
    return judged(nodesShape.nodes.safeParse(nodesOf(text)));
  } catch (error) {
    return (error as Error).message;
  }
}

/** A port as it is typed; empty: none. */
const portOf = (text: string): number | undefined => (text.trim() === "" ? undefined : Number(text));

const askPort = (input: typeof import("@inquirer/input").default): Promise<string> =>
  input({
    message: "The port that must answer on a node for it to have the VIP; empty: none is asked",
    validate: (text) => {
      const port = portOf(text);
      return (
        port === undefined ||
        (Number.isInteger(port) && port >= 1 && port <= 65_535) ||
        "It must be a number from 1 to 65535"
      );
    },
  });

async function ask(stack: string, options: NewStackOptions): Promise<Answers> {
  const [{ default: input }, { default: select }] = await Promise.all([
    import("@inquirer/input"),
    import("@inquirer/select"),
  ]);
  const { workload = rancher } = options;
  const port = options.port ?? (workload === "address" ? portOf(await askPort(input)) : undefined);
  const kind =
    options.kind ??
    (await select<Answers["kind"]>({
      message: "What are its nodes?",
      choices: [
        { name: "machines that are made with Vagrant", value: "machines" },
        { name: "Linux hosts that exist", value: "hosts" },
      ],
    }));
  const free = suggestion(stack, 2);
  const shown = (nodes: Answers["nodes"]): string =>
    nodes.map(({ name, address }) => `${name}=${address}`).join(" ");
  const isMade = kind === "machines";
  const vip =
    options.vip ??
    (await input({
      message: "The floating IP, with its subnet's prefix:",
      default: isMade ? free.vip : undefined,
      validate: (text) => judged(floatingIpShape.vip.safeParse(text)),
    }));
  const nodes =
    options.node?.map(parsedNode) ??
    nodesOf(
      await input({
        message: "Its nodes, two or more, each as NAME=ADDRESS:",
        default: isMade && options.vip === undefined && vip === free.vip ? shown(free.nodes) : undefined,
        validate: judgeNodes,
      }),
    );
  if (!isMade) {
    const user =
      options.user ??
      (await input({ message: "User to log in as, with passwordless sudo:", default: "root" }));
    const keyFile =
      options.keyFile ??
      (await input({ message: "File of the private key here:", default: "~/.ssh/id_ed25519" }));
    return { workload, port, kind, vip, nodes, user, keyFile };
  }
  const hypervisor =
    options.hypervisor ??
    (await select({ message: "What runs the machines?", choices: hypervisors.map((value) => ({ value })) }));
  // Without a box one is made of Debian's cloud image.
  const { box } = options;
  return {
    ...{ workload, port, kind, vip, nodes, box },
    hypervisor: hypervisor === "auto" ? undefined : hypervisor,
  };
}
