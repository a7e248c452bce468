import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { packageRoot } from "../../local/root";
import { newKeyPair } from "../../providers/vagrant/keys";
import { parseSettings } from "../../settings";
import { enterMockLab, haRancher, mockPulumi, resolved } from "./mocks";

/*
 * Stacks of two former versions keep every resource: what those registered is recorded in former-resources.json, by type chain
 * and name as in a URN. They are the one before children's names began with their component's (3da803b), and the last one
 * whose nodes had guards (cabb939).
 */

interface Former {
  lab: boolean;
  settings: Record<string, unknown>;
  resources: string[];
}

const former = JSON.parse(
  readFileSync(join(packageRoot, "test", "program", "former-resources.json"), "utf8"),
) as Record<string, Former>;

/** What nothing takes over: deleted at the end of an update, when the agents have taken the guards' place. */
const givenUp = /remote:(Command::.*-guard-running|Files::.*-guard-files)$/;

const { privateKey } = newKeyPair("test");

/** A resource: the URNs that the engine finds its state under, the present one first, without stack and project. */
interface Known {
  name: string;
  /** The name of the component that it is in. */
  component: string | undefined;
  /** Type chains of this resource as a parent. */
  chains: string[];
  urns: string[];
}

/** As the engine computes them: each alias below each chain that the parent has or had. */
function known(type: string, name: string, opts: pulumi.ResourceOptions, parent: Known | undefined): Known {
  const aliases = (opts.aliases ?? []) as pulumi.Alias[];
  const variants = [{ type, name }, ...aliases.map((alias) => ({ type, name, ...alias }))];
  const all = variants.flatMap((each) =>
    (parent?.chains ?? [""]).map((above) => ({
      chain: [above, each.type].filter(Boolean).join("$"),
      name: each.name as string,
    })),
  );
  return {
    name,
    component: parent?.name,
    chains: [...new Set(all.map(({ chain }) => chain))],
    urns: [...new Set(all.map((each) => `${each.chain}::${each.name}`))],
  };
}

async function resourcesOf({ lab, settings }: Former): Promise<Known[]> {
  if (lab) enterMockLab();
  else delete process.env.HA_RANCHER_LAB;
  // What is not in the lab ran the default of its time.
  const given = lab ? settings : { image: "rancher/rancher:v2.12.3", ...settings };
  const text = Object.entries(given).map(([name, value]) => [
    name,
    (typeof value === "string" ? value : JSON.stringify(value)).replaceAll(
      '"KEY"',
      JSON.stringify(privateKey),
    ),
  ]);
  const all = new Map<pulumi.Resource, Known>();
  const note: pulumi.ResourceTransformation = ({ type, name, opts, resource }) => {
    all.set(resource, known(type, name, opts, opts.parent && all.get(opts.parent)));
    return undefined;
  };
  const stack = await haRancher(parseSettings(Object.fromEntries(text)), { transformations: [note] });
  await resolved(stack.nodes);
  // The release comes after the containers, which come when what they are made from is known.
  const isThere = (): boolean => [...all.values()].some(({ name }) => name.endsWith("-release"));
  for (let i = 0; i < 200 && !isThere(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  return [...all.values()];
}

before(async () => void (await mockPulumi()));

for (const [name, stack] of Object.entries(former))
  describe(name, () => {
    let resources: Known[];
    before(async () => {
      resources = await resourcesOf(stack);
    });

    test("each resource that was there is one of these, and no other", () => {
      for (const urn of stack.resources.filter((each) => !givenUp.test(each))) {
        const heirs = resources.filter(({ urns }) => urns.includes(urn)).map((each) => each.name);
        assert.equal(heirs.length, 1, `${urn} is taken over by ${heirs.join(" and ") || "nothing"}`);
      }
    });

    test("what started guards goes, and with it their units", () => {
      const gone = stack.resources.filter((urn) => givenUp.test(urn));
      const nodes = (stack.settings.nodes as { name: string }[]).length;
      assert.equal(gone.filter((urn) => /-guard-running$/.test(urn)).length, nodes);
      for (const urn of gone)
        assert.deepEqual(
          resources.filter(({ urns }) => urns.includes(urn)),
          [],
          urn,
        );
    });

    test("no two have one URN", () => {
      const urns = resources.map(({ urns: [own] }) => own);
      assert.equal(new Set(urns).size, urns.length);
    });

    test("children's names begin with their component's", () => {
      for (const { name: child, component, urns } of resources)
        assert.ok(component === undefined || child.startsWith(`${component}-`), urns[0]);
    });
  });
