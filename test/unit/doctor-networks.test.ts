import assert from "node:assert/strict";
import { test } from "node:test";
import type { Subject } from "../../cli/doctor/check";
import { asked, settingsWith } from "./doctor-support";

/* What could make a stack one that is only half reachable: addresses that somebody has, and ways that lead elsewhere. */

/** What `ip` answers about the way to an address. */
const wayIs = (address: string, way: Record<string, string>) => ({
  [`ip -json -4 route get ${address}`]: { stdout: JSON.stringify([{ dst: address, ...way }]) },
});

const ofHosts = settingsWith({
  nodes: JSON.stringify(
    ["11", "12"].map((last) => ({
      name: `n${last}`,
      address: `192.168.56.${last}`,
      host: { user: "root", keyFile: "/key" },
    })),
  ),
});

test("addresses that somebody has are told before there is a stack, also of what drops pings", async () => {
  const silent = { ping: { code: 1 } };
  assert.match(
    await asked("addresses", { programs: silent }),
    /^well: Nobody has 192\.168\.56\.10, 192\.168\.56\.11, 192\.168\.56\.12$/,
  );
  const answering = { ...silent, "ping -c 1 -W 1 192.168.56.11": {} };
  assert.match(
    await asked("addresses", { programs: answering }),
    /^fault: 192\.168\.56\.11 is in use although the stack is not up: something answers there -> choose free addresses for `nodes`/,
  );
  const neighbour = (state: string) => ({
    programs: {
      ...silent,
      "ip -4 neigh show 192.168.56.10": {
        stdout: `192.168.56.10 dev eth0 lladdr 52:54:00:12:34:56 ${state}\n`,
      },
    },
  });
  assert.match(
    await asked("addresses", neighbour("REACHABLE")),
    /^fault: 192\.168\.56\.10 is in use .*the device 52:54:00:12:34:56 has it, and drops pings -> .*`vip`/,
  );
  assert.match(await asked("addresses", neighbour("FAILED")), /^well/);
  const own = { programs: silent, addresses: () => [{ device: "eth0", cidr: "192.168.56.10/24" }] };
  assert.match(await asked("addresses", own), /^fault: 192\.168\.56\.10 .*this machine has it/);
  // What another network has behind a router is hidden by the one that is made here.
  const behind = {
    ...silent,
    "ping -c 1 -W 1 192.168.56.10": {},
    ...wayIs("192.168.56.10", { dev: "eth0", gateway: "10.0.0.1" }),
  };
  assert.match(
    await asked("addresses", { programs: behind }),
    /^remark: .*It is behind the router 10\.0\.0\.1/,
  );
  assert.match(
    await asked("addresses", { programs: behind }, { settings: ofHosts, hypervisor: undefined }),
    /^fault: /,
  );
  // The stack itself has them then.
  const up = { known: { resources: 3, machines: [] } as unknown as Subject["known"] };
  assert.equal(await asked("addresses", { programs: answering }, up), "");
  assert.equal(await asked("addresses", { programs: answering }, { hypervisor: "lab" }), "");
});

test("a VPN, or another route, that has the range of a network that is made here", async () => {
  const table = (...routes: object[]) => ({
    programs: { "ip -json -4 route show": { stdout: JSON.stringify(routes) } },
  });
  const usual = { dst: "default", gateway: "10.0.0.1", dev: "eth0" };
  assert.match(
    await asked("routes", table(usual)),
    /^well: No route here leads 192\.168\.56\.0\/24 elsewhere/,
  );
  for (const dst of ["192.168.56.0/24", "192.168.56.128/25", "192.168.56.11"])
    assert.match(
      await asked("routes", table(usual, { dst, dev: "tun0" })),
      /^fault: A route of this machine leads 192\.168\.56\.\S+ to tun0, .*192\.168\.56\.0\/24: .* -> end what has made that route, such as a VPN/,
    );
  // A wider one loses against the network's own; and what hypervisors and addresses have is no stranger's.
  for (const route of [
    { dst: "192.168.0.0/16", dev: "tun0" },
    { dst: "192.168.56.0/24", dev: "vboxnet0" },
    { dst: "192.168.56.0/24", dev: "eth1", protocol: "kernel" },
    { dst: "192.168.57.0/24", dev: "tun0" },
  ])
    assert.match(await asked("routes", table(usual, route)), /^well/);
  assert.equal(await asked("routes", table(usual), { hypervisor: "lab" }), "");
  assert.equal(await asked("routes"), "");
  assert.equal(await asked("routes", { programs: { ip: { stdout: "not JSON" } } }), "");
});

test("hosts: the ways to them and to the VIP", async () => {
  const hosts = { settings: ofHosts, hypervisor: undefined };
  const ways = (vip: Record<string, string> | undefined, node: Record<string, string> | undefined) => ({
    programs: {
      "ip -json -4 route show": { stdout: "[]" },
      ip: { code: 2, stderr: "RTNETLINK answers: Network is unreachable" },
      ...(vip && wayIs("192.168.56.10", vip)),
      ...(node && { ...wayIs("192.168.56.11", node), ...wayIs("192.168.56.12", node) }),
    },
  });
  const here = { dev: "eth0" };
  assert.match(await asked("routes", ways(here, here), hosts), /^well: .* leave through eth0, as those/);
  assert.match(
    await asked("routes", ways(here, undefined), hosts),
    /^fault: This machine has no route to 192\.168\.56\.11 and 192\.168\.56\.12/,
  );
  assert.match(
    await asked("routes", ways(undefined, here), hosts),
    /^remark: This machine has no route to the VIP 192\.168\.56\.10/,
  );
  assert.match(
    await asked("routes", ways({ dev: "tun0" }, here), hosts),
    /^remark: Packets to the VIP 192\.168\.56\.10 leave this machine through tun0, and the nodes through eth0: a VPN/,
  );
  // Both behind one router: where the nodes are found, the VIP of their network is.
  const routed = { dev: "eth0", gateway: "10.0.0.1" };
  assert.match(
    await asked("routes", ways(routed, routed), hosts),
    /^well: .*eth0 and the router 10\.0\.0\.1/,
  );
  const apart = settingsWith({
    vip: "10.9.9.9/32",
    subnet: "192.168.56.0/24",
    nodes: JSON.stringify(
      ofHosts.nodes.map(({ name, address }) => ({ name, address, host: { user: "root", keyFile: "/key" } })),
    ),
  });
  const given = ways(undefined, here);
  const withRoute = { programs: { ...given.programs, ...wayIs("10.9.9.9", routed) } };
  assert.match(
    await asked("routes", withRoute, { settings: apart, hypervisor: undefined }),
    /^remark: The VIP's network is not on this machine, .*the router 10\.0\.0\.1 must know/,
  );
  const bridged = settingsWith({ box: "x/y", bridge: '["br0"]' });
  assert.match(
    await asked("routes", ways({ dev: "tun0" }, { dev: "tun0" }), { settings: bridged }),
    /^remark: .*through tun0, and the machines are bridged to br0/,
  );
  assert.match(await asked("routes", ways({ dev: "br0" }, { dev: "br0" }), { settings: bridged }), /^well/);
});
