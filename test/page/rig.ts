import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { after, type TestContext } from "node:test";
import { source } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import type { Outcome } from "../../cli/page/orders";
import { pageServer } from "../../cli/page/server";
import { stackOrders } from "../../cli/page/stack-orders";
import { browserHere } from "../lab-long/browser";
import { FakeStack } from "../unit/page-states";

/* A real Chromium before a page whose stack is made of recorded states. */

let started: Promise<Browser> | undefined;

const browser = (): Promise<Browser> => {
  const executablePath = browserHere();
  assert.ok(executablePath, "there is no Chromium here: `apt-get install chromium`");
  started ??= chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  return started;
};

after(async () => await (await started)?.close());

const sizes = { desktop: { width: 1000, height: 940 }, phone: { width: 390, height: 844 } };

export interface Looked {
  page: Page;
  stack: FakeStack;
  url: string;
  /** The command lines that were to be carried out. */
  carried: (readonly string[])[];
  /** What the console said, and what could not be loaded: nothing, if all is well. */
  said: string[];
  /** How the next orders go. */
  outcome: Outcome;
  /** The server ends. */
  end(): void;
}

interface Screen {
  size?: keyof typeof sizes;
  dark?: boolean;
}

/** Opens a page that is served, and waits until it shows something. */
export async function open(t: TestContext, url: string, { size = "desktop", dark = false }: Screen = {}) {
  const context = await (await browser()).newContext({
    ...{ viewport: sizes[size], colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" },
    timezoneId: "UTC",
  });
  const page = await context.newPage();
  const said: string[] = [];
  page.on("console", (line) => said.push(`${line.type()}: ${line.text()}`));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("requestfailed", (request) => said.push(`${request.url()} failed`));
  page.on(
    "response",
    (response) => response.status() >= 400 && said.push(`${response.url()}: ${response.status()}`),
  );
  t.after(async () => await context.close());
  await page.goto(url);
  await page.waitForSelector('main[aria-busy="false"]', { timeout: 20_000 });
  return { page, said };
}

/** Opens the page of a stack that is made of recorded states. */
export async function look(t: TestContext, options: Screen & { stack?: FakeStack } = {}): Promise<Looked> {
  const { size = "desktop", dark = false, stack = new FakeStack() } = options;
  const carried: (readonly string[])[] = [];
  const outcome: Outcome = { ok: true, text: "done" };
  const served = pageServer({
    watch: stack.watch,
    orders: stackOrders("dev", ["node-a", "node-b"], async (argv) => {
      carried.push(argv);
      return outcome;
    }),
  });
  served.server.listen({ host: "127.0.0.1", port: 0 });
  await once(served.server, "listening");
  const { port } = served.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/${served.token}/`;
  t.after(served.end);
  const { page, said } = await open(t, url, { size, dark });
  return { page, stack, url, carried, said, outcome, end: served.end };
}

/** What axe-core finds wrong, a line each. */
export async function violations(page: Page): Promise<string[]> {
  // Its own text may not be loaded by the page, which allows nothing but its own files.
  return await page.evaluate(`(async () => {
    ${source};
    const found = await axe.run(document, { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } });
    if (found.passes.length < 12) return ["it looked at too little: " + found.passes.map(({ id }) => id)];
    return found.violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => [id, help, target.join(" "), failureSummary].join(" | ")));
  })()`);
}
