import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { isDowngrade, versionOf } from "../../domain/image";
import { compareVersions } from "../../domain/version";
import { unknownValue } from "../../local/pulumi/values";
import { healthTrouble } from "../../providers/release/health";
import { release } from "../../providers/release/release-provider";

const inputs = {
  endpoints: {},
  container: "rancher-1a2b3c4d",
  image: "rancher/rancher:v2.12.3",
  title: "Rancher",
  url: "https://192.168.56.10",
  healthPath: "/healthz",
  companionImages: {},
  healthStatus: [200],
  causes: [],
  startDeadline: 300,
  allowDowngrade: false,
  discardWritesOf: "",
};

describe("an older image", () => {
  const refused = async (from: string, to: string, allowDowngrade = false): Promise<string[]> => {
    const { failures } = await release.check(
      { ...inputs, image: from },
      { ...inputs, image: to, allowDowngrade },
    );
    return (failures ?? []).map(({ reason }) => reason);
  };

  test("is refused, with the way out", async () => {
    const [reason, ...others] = await refused("rancher/rancher:v2.12.4", "rancher/rancher:v2.12.3");
    assert.match(reason ?? "", /`image` must not go back from .*v2\.12\.4 to .*v2\.12\.3.*`allowDowngrade`/);
    assert.deepEqual(others, []);
  });

  test("is not, if it must be; nor is a newer one, or one that nobody can compare", async () => {
    assert.deepEqual(await refused("a:v2.12.4", "a:v2.12.3", true), []);
    assert.deepEqual(await refused("a:v2.12.3", "a:v2.12.4"), []);
    assert.deepEqual(await refused("a:stand-in-1", "a:stand-in-0"), []);
    assert.deepEqual(await refused("a:v2.12.4", unknownValue), []);
    assert.deepEqual((await release.check({}, inputs)).failures, []);
  });

  test("and so is a container of another service: the shared data is not its own", async () => {
    const [failure, ...others] =
      (await release.check(inputs, { ...inputs, container: "postgres-1a2b3c4d", image: "postgres:15" }))
        .failures ?? [];
    assert.match(
      failure?.reason ?? "",
      /`container` must not become one of postgres: the stack runs rancher.*Make another stack/,
    );
    assert.deepEqual(others, []);
    assert.deepEqual(
      (await release.check(inputs, { ...inputs, container: "rancher-4d3c2b1a" })).failures,
      [],
    );
    assert.deepEqual((await release.check(inputs, { ...inputs, container: unknownValue })).failures, []);
  });

  test("is not, if what the newer one wrote is discarded with it; the wanted one's writes cannot be", async () => {
    const { container } = inputs;
    const newer = { ...inputs, image: "a:v2.12.4" };
    const older = { ...inputs, container: "rancher-4d3c2b1a", image: "a:v2.12.3" };
    assert.deepEqual((await release.check(newer, { ...older, discardWritesOf: container })).failures, []);
    assert.equal((await release.check(newer, { ...older, discardWritesOf: "other" })).failures?.length, 1);
    const [failure] = (await release.check(inputs, { ...inputs, discardWritesOf: container })).failures ?? [];
    assert.match(failure?.reason ?? "", /^`discardWritesOf` must not name rancher-1a2b3c4d, /);
  });

  test("is one by its numbers, and a pre-release is before its release", () => {
    const order = [
      "v2.9.12",
      "v2.10.0-alpha1",
      "v2.10.0-rc2",
      "v2.10.0-rc10",
      "v2.10.0",
      "2.10.1",
      "v10.0.0",
    ];
    order.forEach((one, i) => {
      order.forEach((other, j) => {
        assert.equal(Math.sign(compareVersions(one, other)), Math.sign(i - j), `${one} ${other}`);
      });
    });
    const digest = `@sha256:${"0".repeat(64)}`;
    assert.equal(versionOf(`r.example:5000/rancher:v2.1.0${digest}`), "v2.1.0");
    assert.equal(versionOf("r.example:5000/rancher"), undefined);
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), fc.nat(20), fc.nat(20), (a, b, c, d) => {
        assert.equal(isDowngrade(`x:v${a}.${b}.0`, `y:${c}.${d}.0`), c < a || (c === a && d < b));
      }),
    );
  });
});

test("each input is a change that replaces nothing", async () => {
  const other = {
    endpoints: { a: {} },
    container: "b",
    image: "c:1",
    title: "T",
    url: "d",
    healthPath: "/h",
    companionImages: { db: "postgres:15.6" },
    healthStatus: [200, 204],
    causes: [{ pattern: "p", meaning: "m" }],
    startDeadline: 1,
    allowDowngrade: true,
    discardWritesOf: "rancher-4d3c2b1a",
  };
  for (const [name, value] of Object.entries(other))
    assert.deepEqual(
      await release.diff("id", inputs, { ...inputs, [name]: value } as typeof inputs),
      { changes: true, replaces: [] },
      name,
    );
  assert.deepEqual(await release.diff("id", inputs, { ...inputs }), { changes: false, replaces: [] });
});

test("a node that does not answer is none that an upgrade has left out of service", async () => {
  const nobody = { host: "127.0.0.1", port: 1, user: "u", privateKey: "", keyFile: "", knownHostsFile: "" };
  const same = { ...inputs, endpoints: { a: { ...nobody, hostKey: "ssh-ed25519 AAAA" } } };
  assert.deepEqual(await release.diff("id", same, { ...same }), { changes: false, replaces: [] });
});

test("without nodes that answer there is no drift to see", async () => {
  const read = await release.read("id", inputs);
  assert.deepEqual(read, { id: "id", props: inputs, inputs });
});

describe("whether Rancher serves", () => {
  // Nobody checks it, and nobody is to trust it.
  let server: Server;
  let url: string;
  let status = 200;

  before(async () => {
    const { execFileSync } = await import("node:child_process");
    const pem = execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
        ...["-subj", "/CN=test", "-days", "1", "-keyout", "-", "-out", "-"],
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
    );
    server = createServer({ key: pem, cert: pem }, ({ url: path }, response) => {
      response.statusCode = path === "/healthz" ? status : 404;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  test("is asked of /healthz, whatever its certificate", async () => {
    assert.equal(await healthTrouble(url, { path: "/healthz" }), undefined);
    status = 503;
    assert.match((await healthTrouble(url, { path: "/healthz" })) ?? "", /\/healthz has status 503$/);
    await new Promise((resolve) => server.close(resolve));
    assert.match((await healthTrouble(url, { path: "/healthz" })) ?? "", /refuses connections$/);
  });
});
