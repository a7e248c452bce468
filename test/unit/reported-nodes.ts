import { type NodeReport, parseNodeStatus } from "../../stack/node-report";

/** What `agent status` prints on a holder that serves. */
export const serving = {
  node: "a",
  holdsVip: true,
  vrrpState: "MASTER",
  agent: { state: "active", since: 61, epoch: 7, reason: "", fault: null, version: "v1" },
  lease: { owner: "a", epoch: 7, heldHere: true },
  container: { state: "running" },
  mounts: { lease: true, data: true },
  uptime: 93_784,
};
export const waiting = {
  node: "b",
  holdsVip: false,
  vrrpState: "BACKUP",
  agent: { state: "standby", since: 5, epoch: null, reason: "a has the lease", fault: null, version: "v1" },
  lease: { owner: "a", epoch: 7, heldHere: false },
  container: { state: "created" },
  mounts: { lease: true, data: false },
  uptime: 59,
};

export const node = (name: string, status: object): NodeReport => ({
  name,
  address: "10.0.0.1",
  status: parseNodeStatus(JSON.stringify(status)),
});
export const silent = (name: string): NodeReport => ({
  name,
  address: "10.0.0.9",
  error: "does not answer\nin 3 s",
});
export const yes = { ok: true, milliseconds: 12 };
export const no = { ok: false, error: "refuses connections" };

/** A node as its keepalived stands; `a` is master and heard by all, unless said otherwise. */
export function vrrpNode(
  name: string,
  state: string | null,
  more: object = {},
  vip = state === "MASTER",
): NodeReport {
  const base = name === "a" ? serving : waiting;
  const peers = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
  const keepalived = {
    version: "2.2.7",
    settings: "f00",
    edited: false,
    since: 60,
    peers,
    heard: peers,
    maintenance: false,
  };
  const report = node(name, {
    ...base,
    holdsVip: vip,
    vrrpState: state,
    keepalived: { ...keepalived, ...more },
  });
  return { ...report, address: `10.0.0.${"abc".indexOf(name) + 1}` };
}
