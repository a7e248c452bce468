import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { HaServiceArgs, Workload } from "../../components";
import { isSecret, plain } from "./changes";
import { mockPulumi, type Registered, resolved } from "./mocks";

/* The components as a program of one's own uses them: without settings, with a workload that is not Rancher. */

let registered: Registered[];
let components: typeof import("../../components");

before(async () => {
  registered = await mockPulumi();
  components = await import("../../components/index.js");
});

const notes: Workload = {
  title: "The notebook",
  name: "notes",
  container: pulumi.output({
    image: "example.com/notes:1.4",
    ports: [{ internal: 80, external: 8080 }],
    mounts: [{ type: "bind" as const, source: "/notes", target: "/data" }],
    health: [{ url: "http://127.0.0.1:8080/well" }],
  }),
  secretEnvironment: { TOKEN: pulumi.secret("hunter2") },
  url: "http://192.168.56.20:8080",
  answers: { path: "/" },
  healthy: { path: "/well" },
  startDeadline: 45,
  stopGrace: 5,
  causes: [{ pattern: "no ink", meaning: "fill it up" }],
};

const argsOf = (id: string, folder = "/machines"): HaServiceArgs => ({
  id,
  nodes: [
    { name: "left", address: pulumi.output("192.168.56.21"), priority: 100 },
    { name: "right", address: "192.168.56.22", priority: 90 },
  ],
  machines: { hypervisor: "libvirt", box: "a/box", prefix: 24, directory: folder, owner: `test/${id}` },
  floatingIp: { vip: { address: "192.168.56.20", prefix: 24 } },
  storage: { kind: "host", address: pulumi.output("192.168.56.1"), directory: "/srv/notes" },
  dataDirectory: "/notes",
  workload: notes,
});

/** All that a component registers, by name. */
async function registeredBy(make: () => { nodes: pulumi.Output<unknown> }): Promise<Map<string, Registered>> {
  const from = registered.length;
  await resolved(make().nodes);
  const all = () => registered.slice(from);
  const started = () => all().filter(({ name }) => name.endsWith("-agents-rollout")).length >= 1;
  for (let i = 0; i < 400 && !started(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  return new Map(all().map((each) => [`${each.type} ${each.name}`, each]));
}

describe("a workload that is not Rancher", () => {
  let found: Map<string, Registered>;
  const inputsOf = (type: string, name: RegExp): Record<string, unknown> => {
    const all = [...found.values()].filter((each) => each.type.endsWith(type) && name.test(each.name));
    assert.equal(all.length, 1, `${type} ${name} among ${[...found.keys()].join(", ")}`);
    return all[0]?.inputs ?? {};
  };
  before(async () => {
    found = await registeredBy(() => new components.HaService("mine", argsOf("notes")));
  });

  test("its container is made on each node, never started, and not privileged", () => {
    for (const node of ["left", "right"]) {
      const { envs, name, ...rest } = inputsOf(
        "container:Container",
        new RegExp(`^mine-notes-${node}-notes-[0-9a-f]{8}$`),
      );
      assert.match(String(name), /^notes-[0-9a-f]{8}$/);
      assert.ok(isSecret(envs), "the environment is a secret");
      assert.deepEqual(plain(envs), ["TOKEN=hunter2"]);
      assert.deepEqual(rest, {
        image: "sha256:1234",
        ...{ start: false, mustRun: false, restart: "no" },
        destroyGraceSeconds: 5,
        ports: [{ internal: 80, external: 8080 }],
        labels: [
          { label: "ha-rancher.image", value: "example.com/notes:1.4" },
          { label: "ha-rancher.health", value: "http://127.0.0.1:8080/well" },
        ],
        mounts: [{ type: "bind", source: "/notes", target: "/data" }],
      });
    }
  });

  test("the release knows how it is called, asked and understood", () => {
    const { title, url, healthPath, causes, startDeadline, image } = inputsOf(
      "rancher:Release",
      /^mine-notes-/,
    );
    assert.deepEqual(
      { title, url, healthPath, causes, startDeadline, image },
      {
        title: "The notebook",
        url: "http://192.168.56.20:8080",
        healthPath: "/well",
        causes: [{ pattern: "no ink", meaning: "fill it up" }],
        startDeadline: 45,
        image: "example.com/notes:1.4",
      },
    );
  });

  test("agents have its times and mount its data; nothing is called Rancher", () => {
    const { files } = inputsOf("remote:Files", /^mine-software-left-agent-files$/);
    const text = (files as Record<string, { content: string }>)["/etc/ha-rancher/agent.json"]?.content ?? "";
    const { data, timers, lease } = JSON.parse(text);
    assert.deepEqual(
      [data.directory, data.unit, timers.startDeadline, timers.stopGrace, lease.identity],
      ["/notes", "notes.mount", 45_000, 5_000, "notes-left"],
    );
    assert.doesNotMatch(text, /k3s/);
    for (const { name } of found.values()) assert.doesNotMatch(name, /rancher/i);
    assert.ok(![...found.keys()].some((key) => /Password|components:Rancher/.test(key)));
  });

  test("what its arguments give later is where it belongs", () => {
    assert.deepEqual(inputsOf("nfs:Export", /^mine-storage-export$/).clients, [
      "192.168.56.21",
      "192.168.56.22",
    ]);
    const { files } = inputsOf("remote:Files", /^mine-storage-left-mounts$/);
    assert.match(JSON.stringify(files), /What=192\.168\.56\.1:\/ha-rancher-test\/data/);
    assert.match(JSON.stringify(files), /Where=\/notes\\n/);
  });
});

test("two of one kind fit in one program", async () => {
  const { HaRancher } = await import("../../workloads/rancher/index.js");
  const make = (name: string) => () => {
    const { workload, ...base } = argsOf(name, `/machines/${name}`);
    return new HaRancher(name, base);
  };
  const [one, other] = [await registeredBy(make("one")), await registeredBy(make("other"))];
  assert.ok(one.size > 25, `${one.size} resources`);
  assert.equal(one.size, other.size);
  assert.deepEqual(
    [...one.keys()].filter((key) => other.has(key)),
    [],
  );
});

test("Rancher's own arguments keep to the rules of the settings", async () => {
  const { HaRancher } = await import("../../workloads/rancher/index.js");
  const { workload, ...base } = argsOf("rules");
  const from = registered.length;
  const rancher = { httpPort: 443, extraEnvironment: { CATTLE_SERVER_URL: pulumi.output("https://me") } };
  assert.throws(
    () => new HaRancher("rules", { ...base, rancher }),
    /`httpPort` and `httpsPort` must differ\n.*`extraEnvironment\.CATTLE_SERVER_URL` is not yours to set/,
  );
  assert.equal(registered.length, from);
});

describe("mistakes in arguments", () => {
  const refused = (changes: Partial<HaServiceArgs>): string[] => {
    const from = registered.length;
    let message = "";
    try {
      new components.HaService("wrong", { ...argsOf("wrong"), ...changes });
    } catch (error) {
      assert.ok(error instanceof pulumi.RunError);
      message = error.message;
    }
    assert.equal(registered.length, from, "something was registered");
    return message.split("\n").slice(1);
  };
  const [left, right] = argsOf("x").nodes as [HaServiceArgs["nodes"][0], HaServiceArgs["nodes"][0]];
  const vip = { address: "192.168.56.20", prefix: 24 };
  for (const [what, changes, wanted] of [
    ["a node alone", { nodes: [left] }, [/`nodes` must name at least two nodes/]],
    ["equal priorities", { nodes: [left, { ...right, priority: 100 }] }, [/priority 100 twice/]],
    ["the VIP as a node's address", { nodes: [left, { ...right, address: vip.address }] }, [/must not be/]],
    ["a router id", { floatingIp: { vip, virtualRouterId: 256 } }, [/virtualRouterId` must be/]],
    ["an advert's interval", { floatingIp: { vip, advertInterval: 0 } }, [/advertInterval` must be/]],
    ["timers out of order", { guard: { watchdog: 3 } }, [/`guard\.watchdog` \(3 s\) must be/]],
    ["an id of two words", { id: "a b" }, [/`id` must be/]],
    [
      "several at once",
      { id: "", nodes: [{ ...left, name: "Left" }, right] },
      [/`id` must be/, /`nodes\[0\]\.name` must be/],
    ],
  ] as [string, Partial<HaServiceArgs>, RegExp[]][])
    test(what, () => {
      const said = refused(changes);
      assert.equal(said.length, wanted.length, said.join("\n"));
      for (const [i, rule] of wanted.entries()) assert.match(said[i] ?? "", rule);
    });
});
