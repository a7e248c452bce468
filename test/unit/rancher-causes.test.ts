import assert from "node:assert/strict";
import { test } from "node:test";
import { withLikelyCause } from "../../domain/causes";
import { causes } from "../../workloads/rancher/causes";

for (const [log, wanted] of [
  ["ERROR: Rancher must be ran with the --privileged flag when running outside of Kubernetes", /privileged/],
  ["status exited, exit code 137, killed for want of memory", /`memory`/],
  ["failed to bind host port 0.0.0.0:443/tcp: address already in use", /`httpsPort`/],
  ["Bind for 0.0.0.0:443 failed: port is already allocated", /`httpsPort`/],
  ["panic: db file is flocked by another process, taking too long", /datastore is locked/],
  ['"overlayfs" snapshotter cannot be enabled for "/var/lib/rancher/k3s/agent/containerd"', /`agentVolume`/],
  ['level=fatal msg="failed to find memory cgroup, you may need to add cgroup_enable=memory"', /cgroup/],
  ["write /var/lib/rancher/k3s.log: no space left on device", /disk is full/],
  ["tls: private key does not match public key", /`tls`/],
  [
    "etcdserver: cluster cannot be downgraded (current version: 3.4 is lower than datastore's)",
    /newer version/,
  ],
  ["the datastore is still locked: k3s/server/db/state.db", /datastore is locked/],
  ["`watchdog` is required, and there is none: no device", /`fencing\.watchdog`/],
  ["the data cannot be used: /rancher_data is not mounted", /shared data cannot be used/],
  ["/rancher_data/.ha-rancher-sentinel says 'x', not 'y': not this stack's data", /shared data/],
] as const)
  test(log.slice(0, 60), () =>
    assert.match(withLikelyCause(log, causes).split("\nLikely cause: ")[1] ?? "nothing", wanted),
  );

test("of what is not known nothing is said", () => {
  const log = 'level=info msg="Listening on :443"\nstatus running, exit code 0';
  assert.equal(withLikelyCause(log, causes), log);
});
