import assert from "node:assert/strict";
import { buildImage } from "../../lab/image/build";
import { parseReference } from "../../lab/registry";
import { inLab } from "../lab/command";
import { step } from "../lab/steps";
import { active, downAtTheEnd, type Example, failover, withExample } from "./example";

/* examples/registry */

const vip = "192.168.56.80";
const example: Example = { name: "registry", vip, url: `http://${vip}:5000`, secrets: {} };
const pushed = (name: string): string => `docker://${vip}:5000/team/${name}:1`;

/** Pushes an image; gives its digest. */
async function push(name: string): Promise<string> {
  const image = await buildImage(console.log, "nginx");
  const { tag, digest } = parseReference(image.reference);
  const copy = [
    "skopeo",
    "--insecure-policy",
    "copy",
    "--quiet",
    "--preserve-digests",
    "--dest-tls-verify=false",
  ];
  const { code, stderr } = await inLab(...copy, `oci:${image.layout}:${tag}`, pushed(name));
  assert.equal(code, 0, stderr);
  return digest;
}

async function digestOf(name: string): Promise<string> {
  const { stdout, stderr } = await inLab("skopeo", "inspect", "--tls-verify=false", pushed(name));
  assert.ok(stdout, stderr);
  return (JSON.parse(stdout) as { Digest: string }).Digest;
}

withExample(example);

step(
  "what was pushed is there after the loss of the node that took it, byte for byte; the other one takes more",
  async () => {
    const before = await push("before");
    const from = await active();
    await failover();
    assert.notEqual(await active(), from);
    assert.equal(await digestOf("before"), before);
    assert.equal(await digestOf("after").catch(() => ""), "");
    assert.equal(await push("after"), await digestOf("after"));
  },
);

downAtTheEnd();
