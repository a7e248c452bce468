import { spawn } from "node:child_process";
import { callOn } from "../../local/called";
import { passedOn } from "../../local/child-environment";
import { Failure } from "../../local/errors";
import { onPath } from "../../local/toolchain/path";
import { passage, type StackService, serviceOf, shownUrl, untilInterrupted } from "./forward";

export interface OpenOptions {
  stack: string;
  /** On 127.0.0.1; the next ones are tried if it is in use. */
  port: number;
  /** False: only say where. */
  browser: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** How many ports are tried, from the first one. */
const tried = 20;

/** The program that opens an address in a browser here; undefined if there is no screen, or no such program. */
export function browserOf(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  has: (name: string) => boolean = (name) => onPath(name) !== undefined,
): string | undefined {
  if (environment.BROWSER) return environment.BROWSER.split(":")[0];
  if (platform === "darwin") return "open";
  // Windows' own browser, from its Linux.
  if (has("wslview")) return "wslview";
  const hasScreen = environment.DISPLAY || environment.WAYLAND_DISPLAY;
  return hasScreen && has("xdg-open") ? "xdg-open" : undefined;
}

/** Opens an address in a browser, or says it. */
export function showInBrowser(url: string, browser: boolean): void {
  const program = browser ? browserOf() : undefined;
  if (!program) {
    say(`Open it in a browser: ${url}`);
    return;
  }
  const child = spawn(program, [url], { env: passedOn(process.env), stdio: "ignore", detached: true });
  child.on("error", (error) =>
    say(`\`${program}\` cannot be started (${error.message}): open ${url} yourself`),
  );
  child.unref();
}

function explain(stack: string): void {
  say("Its certificate is its own, unless you gave it one: the browser warns.");
  const password = callOn(
    stack,
    "shell",
    ...["pulumi", "stack", "output", "bootstrapPassword", "--show-secrets"],
  );
  say(`Rancher asks for the password of the first login: \`${password}\` shows it.`);
}

/** What the lab's stand-in shows: a page that has no login. */
function explainStandIn(stack: string): void {
  say(
    "The lab's stand-in shows who serves, since when, and a counter in the shared data that outlives failovers.",
  );
  say(`Move it, in another terminal: \`${callOn(stack, "switchover")}\``);
}

/** What a person is told of the page that opens. */
function explainService(stack: string, { workload, isStandIn }: StackService): void {
  if (isStandIn) explainStandIn(stack);
  else if (workload === "rancher") explain(stack);
}

/** Opens the service in a browser. Where it is in the lab, a port leads there, until Ctrl-C. */
export async function open(options: OpenOptions): Promise<void> {
  const { stack, port } = options;
  const service = await serviceOf(stack);
  const shown = shownUrl(service.url);
  if (service.url.protocol === "tcp:")
    throw new Failure(
      `the service of the stack ${stack} has no page that a browser could show: it answers at ${shown}; \`${callOn(stack, "forward")}\` leads there from this machine`,
    );
  if (!service.usesLab) {
    say(shown);
    explainService(stack, service);
    showInBrowser(shown, options.browser);
    return;
  }
  const ports = Array.from({ length: tried }, (_, i) => port + i).filter((each) => each <= 65_535);
  // Each node's stand-in has a certificate of its own, which a browser would ask about after each failover.
  const way = await passage(stack, ports, service.isStandIn);
  say(`${way.url} is ${way.origin} now, until Ctrl-C`);
  explainService(stack, service);
  showInBrowser(way.url, options.browser);
  await untilInterrupted(way);
}
