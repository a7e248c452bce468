import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { GetSchemaRequest, type GetSchemaResponse } from "@pulumi/pulumi/proto/provider_pb";
import { packageRoot } from "../../local/root";
import { implementationOf } from "../../plugin/implementations";
import { close, open, secretNames } from "../../plugin/secrets";

const schemaFile = join(packageRoot, "plugin", "schema.json");
const sdk = createRequire(join(packageRoot, "package.json"));

test("plugin/schema.json is what Pulumi makes of the component's types (UPDATE_DOCS=1 writes it)", () => {
  const { Analyzer } = sdk("@pulumi/pulumi/provider/experimental/analyzer") as {
    Analyzer: new (...args: unknown[]) => { analyze(): Record<string, unknown> };
  };
  const { generateSchema } = sdk("@pulumi/pulumi/provider/experimental/schema") as {
    generateSchema(...args: unknown[]): object;
  };
  const { version, description } = sdk("./package.json") as { version: string; description: string };
  const folder = join(packageRoot, "plugin");
  const found = new Analyzer(folder, "ha-rancher", { main: "index.ts" }, new Set(["HaRancher"])).analyze();
  const schema = generateSchema(
    ...["ha-rancher", version, description, found.components, found.typeDefinitions, found.dependencies],
  );
  const text = `${JSON.stringify(schema, undefined, 2)}\n`;
  if (process.env.UPDATE_DOCS) writeFileSync(schemaFile, text);
  assert.equal(readFileSync(schemaFile, "utf8"), text);
});

test("each resource type of the package has its implementation in the plugin", async () => {
  const rooms = readdirSync(join(packageRoot, "providers"), { withFileTypes: true }).filter((each) =>
    each.isDirectory(),
  );
  const types: string[] = [];
  for (const { name } of rooms) {
    const room = (await import(`../../providers/${name}/index.js`)) as Record<
      string,
      { __pulumiType?: string }
    >;
    types.push(...Object.values(room).flatMap((each) => each?.__pulumiType ?? []));
  }
  assert.ok(types.length > 10, `${types.length}`);
  for (const type of types) {
    const found = implementationOf(type.replace("pulumi-nodejs:dynamic/", "ha-rancher:"));
    for (const verb of ["check", "create", "delete"] as const) assert.ok(found?.[verb], `${verb} of ${type}`);
  }
  assert.equal(implementationOf("ha-rancher:vagrant:Nothing"), undefined);
});

describe("secrets on their way through the plugin", () => {
  const secret = (value: unknown): object => ({
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
    value,
  });
  const given = { clear: 1, whole: secret({ key: "k" }), within: { files: [{ content: secret("c") }] } };

  test("are opened, however deep", () => {
    assert.deepEqual(open(given), { clear: 1, whole: { key: "k" }, within: { files: [{ content: "c" }] } });
  });

  test("what comes of them is closed again, and nothing else", () => {
    const names = secretNames(given);
    assert.deepEqual([...names], ["whole", "within"]);
    assert.deepEqual(close({ clear: 2, whole: "w", other: "o" }, names), {
      clear: 2,
      whole: secret("w"),
      other: "o",
    });
  });
});

/** What a plugin that is started so says of itself. */
async function schemaOf(command: string[], t: { after(action: () => void): void }): Promise<string> {
  const [program = "", ...args] = command;
  const child = spawn(program, [...args, "127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => void child.kill());
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (line) => resolve(String(line).trim()));
    child.once("close", (code) => reject(new Error(`it ended with ${code}`)));
  });
  const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  t.after(() => client.close());
  return await new Promise((resolve, reject) =>
    client.getSchema(new GetSchemaRequest(), (error: ServiceError | null, response: GetSchemaResponse) =>
      error ? reject(error) : resolve(response.getSchema()),
    ),
  );
}

for (const [how, command] of [
  ["as a program", [join(packageRoot, "plugin", "pulumi-resource-ha-rancher")]],
  [
    "by a language host that runs plugins",
    [process.execPath, sdk.resolve("@pulumi/pulumi/cmd/run-plugin"), join(packageRoot, "plugin")],
  ],
] as const)
  test(`the plugin starts ${how}, and says its schema`, async (t) => {
    assert.equal(await schemaOf([...command], t), readFileSync(schemaFile, "utf8"));
  });
