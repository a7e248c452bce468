import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { allocate, wishesOf } from "../../providers/vagrant/ports";
import type { ForwardedPort } from "../../providers/vagrant/vagrantfile-network";
import { machineInputs } from "./vagrant-fixture";

const everything = { holder: () => undefined, isFree: async () => true };
const usable = { from: 22_000, to: 22_009 };

const wishes = (...ports: { guest: number; host?: number; count?: number; id?: string }[]) =>
  wishesOf(
    machineInputs({
      hypervisor: "virtualbox",
      ports: ports.map((port) => ({ count: 1, protocol: "tcp", hostIp: "127.0.0.1", ...port })),
    }),
  );

const hosts = (ports: readonly ForwardedPort[]): number[] => ports.map(({ host }) => host);

describe("ports of this host", () => {
  it("are wished for in the program's order, the SSH port first where one is needed", () => {
    const said = wishes({ guest: 80 }, { guest: 3301, host: 3301, count: 2, id: "range" });
    assert.deepEqual(
      said.map(({ id, guest, host }) => [id, guest, host]),
      [
        ["ssh", 22, undefined],
        ["tcp80", 80, undefined],
        ["range-1", 3301, 3301],
        ["range-2", 3302, 3302],
      ],
    );
    assert.deepEqual(wishesOf(machineInputs()), []);
    assert.deepEqual(wishesOf(machineInputs({ hypervisor: "hyperv" })), []);
  });

  it("are the first that are nobody's and that nobody listens on", async () => {
    const chosen = await allocate(wishes({ guest: 80 }), usable, [], {
      holder: (port) => (port === 22_000 ? "/other" : undefined),
      isFree: async (port) => port !== 22_001,
    });
    assert.deepEqual(hosts(chosen), [22_002, 22_003]);
  });

  it("stay a machine's own, also while it uses them", async () => {
    const had: ForwardedPort[] = [
      { id: "ssh", guest: 22, host: 22_007, protocol: "tcp", hostIp: "127.0.0.1" },
    ];
    const chosen = await allocate(wishes({ guest: 80 }), usable, had, {
      ...everything,
      isFree: async (port) => port !== 22_007,
    });
    assert.deepEqual(hosts(chosen), [22_007, 22_000]);
  });

  it("that are asked for are never given to another wish", async () => {
    const chosen = await allocate(wishes({ guest: 80, host: 22_000 }), usable, [], everything);
    assert.deepEqual(hosts(chosen), [22_001, 22_000]);
  });

  it("that are another machine's, or in use, are refused by the setting's name", async () => {
    const wish = wishes({ guest: 80, host: 8080 });
    await assert.rejects(
      allocate(wish, usable, [], {
        ...everything,
        holder: (port) => (port === 8080 ? "/machines/other" : undefined),
      }),
      /`ports\[0\]\.host` 8080 is forwarded to the machine in \/machines\/other: choose another port/,
    );
    await assert.rejects(
      allocate(wish, usable, [], { ...everything, isFree: async (port) => port !== 8080 }),
      /`ports\[0\]\.host` 8080 is in use on this host/,
    );
  });

  it("run out with a message that names the range", async () => {
    await assert.rejects(
      allocate(wishes(...Array.from({ length: 10 }, (_, i) => ({ guest: i + 1 }))), usable, [], everything),
      /`usablePorts` 22000 to 22009 are all taken: widen the range/,
    );
  });

  it("never clash, whatever is wished for, held or in use", async () => {
    const port = fc.integer({ min: 22_000, max: 22_009 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ guest: fc.integer({ min: 1, max: 9 }), host: fc.option(port, { nil: undefined }) }),
          { maxLength: 5 },
        ),
        fc.uniqueArray(port, { maxLength: 4 }),
        fc.uniqueArray(port, { maxLength: 4 }),
        async (given, held, busy) => {
          const named = given.map((each, i) => ({ ...each, id: `p${i}` }));
          const fixed = given.flatMap(({ host }) => host ?? []);
          fc.pre(new Set(fixed).size === fixed.length);
          const chosen = await allocate(wishes(...named), usable, [], {
            holder: (each) => (held.includes(each) ? "/other" : undefined),
            isFree: async (each) => !busy.includes(each),
          }).catch((error: Error) => {
            assert.match(error.message, /`(ports\[\d\]\.host|usablePorts)`/);
            return [];
          });
          const all = hosts(chosen);
          assert.equal(new Set(all).size, all.length);
          assert.ok(all.every((each) => !held.includes(each) && !busy.includes(each)));
        },
      ),
    );
  });
});
