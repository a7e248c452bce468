import assert from "node:assert/strict";
import { before, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { parseSettings } from "../../settings";
import { enterMockLab, haRancher, mockPulumi, type Registered, resolved } from "./mocks";

const settings = parseSettings({
  vip: "192.168.56.10/24",
  nodes: JSON.stringify([
    { name: "rancher-1", address: "192.168.56.11" },
    { name: "rancher-2", address: "192.168.56.12" },
  ]),
  environment: "prod",
});

let registered: Registered[];
/** `type name` of what Pulumi refuses to delete. */
const protectedOnes: string[] = [];

before(async () => {
  registered = await mockPulumi();
  enterMockLab();
  const stack = await haRancher(settings, {
    transformations: [
      ({ type, name, opts }) => {
        if ((opts as pulumi.CustomResourceOptions).protect) protectedOnes.push(`${type} ${name}`);
        return undefined;
      },
    ],
  });
  await resolved(stack.nodes);
});

test("what holds data is protected in prod", () => {
  assert.deepEqual(protectedOnes.sort(), [
    "pulumi-nodejs:dynamic/nfs:Export ha-rancher-storage-export",
    "pulumi-nodejs:dynamic/password:Password ha-rancher-bootstrap-password",
  ]);
});

test("the stack's component says what it is, before anything is made, and nothing secret", () => {
  const whole = registered.find(({ type }) => type === "ha-rancher:components:HaRancher");
  assert.deepEqual(whole?.inputs, {
    environment: "prod",
    vip: { address: "192.168.56.10", prefix: 24 },
    furtherVips: [],
    subnet: { address: "192.168.56.0", prefix: 24 },
    virtualRouterId: 10,
    advertInterval: 0.2,
    dataDirectory: "/rancher_data",
    httpsPort: 443,
    nodes: [
      { name: "rancher-1", address: "192.168.56.11", priority: 150 },
      { name: "rancher-2", address: "192.168.56.12", priority: 140 },
    ],
  });
});
