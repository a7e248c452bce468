import assert from "node:assert/strict";
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { checkOptions } from "../../cli/actions/drill";
import { type Outcome, storeAt } from "../../drill/probes/stores";
import { listed } from "../../drill/probes/stores/folder";
import { parsePlace, withPassword } from "../../drill/probes/stores/place";
import { numbersOf } from "../../drill/probes/stores/rancher";
import { chooseWrites } from "../../drill/testbed/writes";
import type { KnownStack } from "../../stack/known-stack";
import { httpsServer } from "./https-server";

/* The stores of the drill's writes, as far as no server of theirs is needed: those are in the layer image. */

test("a place is a URL of a known kind, without a password", () => {
  for (const place of [
    "postgres://postgres@10.1.0.10/postgres",
    "postgresql://10.1.0.10:5433/x",
    "redis://10.1.0.10",
    "https://10.1.0.10/kept",
    "rancher://admin@10.1.0.10:3300",
  ])
    assert.ok(parsePlace(place).url.hostname, place);
  assert.equal(parsePlace("postgresql://h/x").scheme, "postgres");
  for (const wrong of ["10.1.0.10", "mysql://10.1.0.10", "redis:", "toString://x", "constructor://x", ""])
    assert.throws(() => parsePlace(wrong), /must be a place such as postgres:\/\/.*rancher:/, wrong);
  const command = (writes: string) => checkOptions({ stack: "dev", trials: 1, writes });
  assert.throws(
    () => command("redis://:secret@10.1.0.10"),
    ({ message }: Error) =>
      /`--writes` must have no password.*DRILL_PASSWORD/.test(message) && !/secret/.test(message),
  );
  command("redis://10.1.0.10");
});

test("any password reaches a client as it is", () => {
  for (const password of ["p@ss/word?#%41", "ä €", ":"]) {
    const whole = new URL(withPassword(new URL("redis://someone@h"), password));
    assert.equal(decodeURIComponent(whole.password), password);
    assert.deepEqual([whole.username, whole.hostname], ["someone", "h"]);
  }
});

test("a folder's numbers: nginx's JSON, and the pages of others", () => {
  assert.deepEqual(
    listed('[{ "name":"2", "type":"file" },{ "name":"10" },{ "name":"x1" },{ "name":"0" }]'),
    [2, 10],
  );
  const page =
    '<a href="?C=N;O=D">Name</a><a href="../">..</a><a href="/kept/run/12">12</a><a href="3">3</a><a href="3">3</a>';
  assert.deepEqual(listed(page), [3, 12]);
  assert.deepEqual(listed(""), []);
});

interface Asked {
  method: string;
  url: string;
  authorization: string | undefined;
  body: string;
}

type Answer = { status: number; body?: string } | "break off";

/** A server whose answers a test gives, and what it was asked. */
async function server(
  t: { after(end: () => void): void },
  secure: boolean,
  answer: (asked: Asked) => Answer,
) {
  const all: Asked[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let body = "";
    for await (const part of request) body += part;
    const { method = "", url = "", headers } = request;
    const asked = { method, url, authorization: headers.authorization, body };
    all.push(asked);
    const said = answer(asked);
    if (said === "break off") response.socket?.destroy();
    else response.writeHead(said.status, { "content-type": "application/json" }).end(said.body);
  };
  if (secure) {
    const { url, end } = await httpsServer(handle);
    t.after(end);
    return { all, host: new URL(url).host };
  }
  const made = createPlainServer(handle);
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    made.closeAllConnections();
    made.close();
  });
  return { all, host: `127.0.0.1:${(made.address() as AddressInfo).port}` };
}

test("a folder's file that is there without its number is no write", async (t) => {
  const { all, host } = await server(t, false, ({ method, url }) => {
    if (method === "PUT") return { status: url.endsWith("2") ? 507 : url.endsWith("3") ? 204 : 201 };
    if (url.endsWith("/")) return { status: 200, body: '[{"name":"1"},{"name":"3"},{"name":"4"}]' };
    return { status: 200, body: url.endsWith("4") ? "" : (url.at(-1) ?? "") };
  });
  const store = storeAt(`http://some%20one@${host}/kept/`, "a run", "pass:word");
  const outcomes: Outcome[] = [];
  for (const number of [1, 2, 3]) outcomes.push(await store.write(number));
  assert.deepEqual(outcomes, ["yes", "unknown", "yes"]);
  assert.deepEqual(await store.numbers(), [1, 3]);
  assert.deepEqual(
    [all[0]?.method, all[0]?.url, all[0]?.body],
    ["PUT", "/kept/ha-rancher-drill-a%20run/1", "1"],
  );
  assert.equal(all[0]?.authorization, `Basic ${Buffer.from("some one:pass:word").toString("base64")}`);
  store.close();
});

/** The forms of Rancher 2.14 (its login), and of Kubernetes 1.34. */
const login = {
  status: 201,
  body: '{"baseType":"token","expiresAt":"2026-12-01T20:00:00Z","id":"token-7xk2p","token":"token-7xk2p:x9z","type":"token"}',
};
const refusal = {
  status: 401,
  body: '{"type":"error","status":"401","code":"Unauthorized","message":"authentication failed"}',
};
const configMap = (number: string, revision: number) =>
  `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"ha-rancher-drill-9xkq2","generateName":"ha-rancher-drill-","namespace":"default","uid":"6f1c","resourceVersion":"${revision}","creationTimestamp":"2026-12-01T04:00:00Z","labels":{"ha-rancher-drill":"x"}},"data":{"number":"${number}"}}`;

test("Rancher: one login, a ConfigMap for each write, and another login once the token is not known any more", async (t) => {
  let refusing = false;
  const { all, host } = await server(t, true, ({ method, url }) => {
    if (url === "/v3-public/localProviders/local?action=login") return login;
    if (refusing && method === "POST") {
      refusing = false;
      return refusal;
    }
    if (method === "GET")
      return {
        status: 200,
        body: `{"kind":"ConfigMapList","items":[${configMap("2", 1000)},${configMap("1", 999)}]}`,
      };
    if (method === "DELETE") return { status: 200, body: '{"kind":"Status","status":"Success"}' };
    return { status: 201, body: configMap("1", 999) };
  });
  const store = storeAt(`rancher://${host}`, "any run", "secret");
  assert.equal(await store.write(1), "yes");
  refusing = true;
  assert.equal(await store.write(2), "no");
  assert.equal(await store.write(3), "yes");
  assert.deepEqual(await store.numbers(), [1, 2]);
  await store.forget();
  const logins = all.filter(({ url }) => url.includes("login"));
  assert.equal(logins.length, 2);
  assert.deepEqual(JSON.parse(logins[0]?.body ?? ""), {
    ...{ username: "admin", password: "secret", description: "a drill of ha-rancher" },
    ...{ ttl: 3_600_000, responseType: "json" },
  });
  const [, created] = all;
  assert.equal(created?.url, "/k8s/clusters/local/api/v1/namespaces/default/configmaps");
  assert.equal(created?.authorization, "Bearer token-7xk2p:x9z");
  const { metadata, data } = JSON.parse(created?.body ?? "");
  assert.deepEqual(data, { number: "1" });
  // A label's value has at most 63 plain characters.
  assert.match(metadata.labels["ha-rancher-drill"], /^[0-9a-f]{32}$/);
  assert.ok(
    all.at(-1)?.url.endsWith(`labelSelector=ha-rancher-drill%3D${metadata.labels["ha-rancher-drill"]}`),
  );
  store.close();
});

test("Rancher: what was not answered, or answered otherwise, may be there or not", async (t) => {
  const answers: Answer[] = [
    login,
    "break off",
    { status: 503 },
    { status: 200, body: "<html>" },
    { status: 500 },
  ];
  const { host } = await server(t, true, () => answers.shift() ?? refusal);
  const store = storeAt(`rancher://${host}`, "run", "secret");
  const outcomes: Outcome[] = [];
  for (const number of [1, 2, 3]) outcomes.push(await store.write(number));
  assert.deepEqual(outcomes, ["unknown", "unknown", "unknown"]);
  await assert.rejects(store.numbers(), /status 500/);
  store.close();
  const stranger = storeAt(`rancher://${host}`, "run", "wrong");
  assert.equal(await stranger.write(1), "no");
  await assert.rejects(stranger.numbers(), /refuses the user's password/);
  stranger.close();
});

test("a series without writes has no numbers", () => {
  assert.deepEqual(numbersOf('{"kind":"ConfigMapList","items":null}'), []);
  assert.deepEqual(numbersOf('{"kind":"ConfigMapList","items":[]}'), []);
});

test("where a drill writes: the place that is given, the stand-in's keys, Rancher with its first password; else it says why not", async (t) => {
  const known = (url: string, more: Partial<KnownStack> = {}): KnownStack => ({
    ...{ vip: "127.0.0.1", url, answers: { path: "/" }, nodes: [] },
    ...more,
  });
  const order = { bootstrapPassword: async () => "first" };
  process.env.DRILL_PASSWORD = "given";
  t.after(() => delete process.env.DRILL_PASSWORD);
  assert.deepEqual(await chooseWrites(known("tcp://127.0.0.1:5432"), { to: "redis://h", ...order }), {
    place: "redis://h",
    password: "given",
  });
  delete process.env.DRILL_PASSWORD;
  const toRancher = { to: "rancher://h", ...order };
  assert.deepEqual(await chooseWrites(known("https://h"), toRancher), {
    place: "rancher://h",
    password: "first",
  });
  assert.match(String(await chooseWrites(known("tcp://127.0.0.1:5432"), order)), /name it with `--writes`/);
  let password = "first";
  const rancher = await server(t, true, ({ url, body }) =>
    url.includes("login") ? (JSON.parse(body).password === password ? login : refusal) : { status: 404 },
  );
  const stack = known(`https://${rancher.host}`, { bootstrapPassword: "[secret]" });
  assert.deepEqual(await chooseWrites(stack, order), {
    place: `rancher://${rancher.host}`,
    password: "first",
  });
  password = "another";
  assert.match(
    String(await chooseWrites(stack, order)),
    /does not know the bootstrap password.*DRILL_PASSWORD/,
  );
  const standIn = await server(t, true, () => ({ status: 200, body: '{"action":"get","node":{}}' }));
  assert.deepEqual(
    await chooseWrites(known(`https://${standIn.host}`, { bootstrapPassword: "[secret]" }), order),
    {
      place: `keys://${standIn.host}`,
      password: undefined,
    },
  );
});
