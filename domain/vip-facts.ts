import { keepalivedWord } from "./keepalived-words";
import { vipsOf } from "./vrrp";
import { instancesOf, type KeepalivedConf } from "./vrrp-instances";

/**
 * What our own programs on a node (node/keepalived, node-status) know of the floating IP: /etc/ha-rancher/vip.env, a
 * file for a shell, which keepalived.conf is brought into force with.
 *
 * - `OWN_ADDRESSES`: adverts are sent from them; keepalived waits for them
 * - `VIPS`: all floating ones, with prefix; `INTERFACE`: which they go on
 * - `PEERS`: who may send adverts to this node; `HEARD`: seconds for which one that did counts as heard
 * - `REAL_TIME_PRIORITY`: keepalived's, 0 for ordinary scheduling
 *
 * @throws if a value cannot stand in the file
 */
export function vipFacts(conf: KeepalivedConf): string {
  const { spec, peers } = conf;
  const values: Record<string, (string | number)[]> = {
    OWN_ADDRESSES: [...new Set(instancesOf(conf).map(({ own }) => own))],
    VIPS: vipsOf(spec).map(({ address, prefix }) => `${address}/${prefix}`),
    INTERFACE: [conf.interface],
    PEERS: peers.flatMap(({ address, address6 }) => (address6 ? [address, address6] : [address])),
    HEARD: [Math.max(3, Math.ceil(4 * spec.advertInterval))],
    REAL_TIME_PRIORITY: [spec.realTimePriority],
  };
  const lines = Object.entries(values).map(
    ([name, words]) => `${name}='${words.map(keepalivedWord).join(" ")}'\n`,
  );
  return `# Made by ha-rancher. A change by hand is drift.\n${lines.join("")}`;
}
