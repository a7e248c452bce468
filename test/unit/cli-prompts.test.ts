import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { packageRoot } from "../../local/root";
import { keys, Session } from "../terminal/session";
import { temporaryFolder } from "./cli-support";

const stack = `prompts-${process.pid}`;
const file = join(packageRoot, `Pulumi.${stack}.yaml`);

/** A command at a terminal, with a home of its own. */
function begin(t: TestContext, ...words: string[]): Session {
  const home = temporaryFolder(t);
  const main = JSON.stringify(join(packageRoot, "dist", "cli", "main.js"));
  const argv = [process.execPath, "-e", `require(${main}).main(${JSON.stringify(words)})`];
  const env = { HOME: home, XDG_DATA_HOME: join(home, "data"), XDG_CACHE_HOME: join(home, "cache") };
  const session = new Session(argv, { env });
  t.after(() => session.close());
  return session;
}

/** The questions of `new-stack`, with the answer to each. */
const questions: readonly (readonly [question: RegExp, answer: string])[] = [
  [/What is to stand behind the floating IP\?/, keys.enter],
  [/Name of the stack:/, `${stack}${keys.enter}`],
  [/What are its nodes\?/, keys.enter],
  [/The floating IP, with its subnet's prefix:/, keys.enter],
  [/Its nodes, two or more, each as NAME=ADDRESS:/, keys.enter],
  [/What runs the machines\?/, keys.enter],
];

for (let asked = 0; asked < questions.length; asked++)
  test(`Ctrl-C writes nothing, and says so: at question ${asked + 1} of new-stack`, async (t) => {
    const session = begin(t, "new-stack");
    for (const [question, answer] of questions.slice(0, asked)) {
      await session.until(question);
      session.type(answer);
    }
    await session.until(questions[asked]?.[0] ?? assert.fail());
    session.type(keys.interrupt);
    const { code, text } = await session.end();
    assert.equal(code, 130, text);
    assert.match(text, /^ha-rancher: stopped; nothing was written$/m);
    assert.equal(existsSync(file), false);
  });

test("what would be lost is asked for: `no` is chosen first, `yes` by a key more", async (t) => {
  const confirm = JSON.stringify(join(packageRoot, "dist", "cli", "ui", "confirm.js"));
  const question = { title: "This goes:", losses: ["the machine a"], message: "Go on?", unasked: "x --yes" };
  const ask = `require(${confirm}).confirm(${JSON.stringify(question)})`;
  const program = `${ask}.then(() => console.log("done"), (error) => console.log(error.message))`;
  for (const [typed, chosen, says] of [
    ["", /^❯ no/m, /^nothing was done$/m],
    [keys.down, /^❯ yes/m, /^done$/m],
  ] as const) {
    const session = new Session([process.execPath, "-e", program]);
    t.after(() => session.close());
    assert.match(await session.until(/Go on\?/), /This goes:\n {2}the machine a/);
    if (typed !== "") session.type(typed);
    await session.until(chosen, undefined, "now");
    session.type(keys.enter);
    assert.match((await session.end()).text, says);
  }
});

test("a wrong answer is told at once, and the question stays", async (t) => {
  const session = begin(t, "new-stack", stack, "--workload", "rancher", "--kind", "hosts");
  await session.until(/The floating IP/);
  session.type(`nowhere${keys.enter}`);
  await session.until(/It must be an IPv4 address with its subnet's prefix/);
  session.type(keys.interrupt);
  assert.equal((await session.end()).code, 130);
});
