import { block, inner, keepalivedCommand, keepalivedWord as word } from "./keepalived-words";
import type { OwnVip } from "./vrrp";
import type { KeepalivedConf } from "./vrrp-instances";

/*
 * What keepalived watches on a node, and what follows from it.
 */

/** Files that keepalived watches on each node: 0 = may hold the VIP, anything else = fault. */
export const trackFiles = {
  /** Written by the agent; a node whose agent never ran does not take the VIP. */
  ha_rancher: { path: "/run/ha-rancher/track", initially: 1 },
  /** Written by `ha-rancher switchover`; gone after a boot. */
  ha_rancher_yield: { path: "/run/ha-rancher/yield", initially: 0 },
  /** Written by `ha-rancher maintenance`; lasts over a boot. */
  ha_rancher_maintenance: { path: "/etc/ha-rancher/maintenance", initially: 0 },
} as const;

/** A file that keepalived watches. */
interface Watched {
  name: string;
  path: string;
  /** What is in it until somebody writes it; undefined: it is somebody else's. */
  initially: number | undefined;
  /** The number in the file times this is added to the priority; 0: a number other than 0 is a fault. */
  weight: 0 | -1;
}

/** What the agent says of a VIP that moves by itself (node/agent/address/files.py). */
const filesOfVip = ({ name, weighed }: OwnVip): Watched[] => [
  { name: `vip_${name}`, path: `/run/ha-rancher/track-${name}`, initially: 1, weight: 0 },
  ...(weighed
    ? [{ name: `weight_${name}`, path: `/run/ha-rancher/weight-${name}`, initially: 0, weight: -1 as const }]
    : []),
];

/** The files that keepalived watches on a node for all VIPs: without an agent all but the agent's. */
const commonFiles = ({ agentDecides = true, spec }: KeepalivedConf): Watched[] => [
  ...Object.entries(trackFiles)
    .filter(([name]) => name !== "ha_rancher" || (agentDecides && !spec.ownVips))
    .map(([name, { path, initially }]): Watched => ({ name, path, initially, weight: 0 })),
  ...spec.track.files.map(
    (path, i): Watched => ({ name: `file_${i + 1}`, path, initially: undefined, weight: 0 }),
  ),
];

/** Weight 0 for whatever is a fault: with `nopreempt` a weight never moves the VIP, and a fault always does. */
export function trackBlocks(conf: KeepalivedConf): string {
  const { track, ownVips = [] } = conf.spec;
  const watched = [...commonFiles(conf), ...ownVips.flatMap(filesOfVip)];
  const files = watched.map(({ name, path, initially, weight }) =>
    block(`track_file ${name}`, [
      `file ${word(path)}`,
      `weight ${weight}`,
      initially === undefined ? "" : `init_file ${initially}`,
    ]),
  );
  const processes = track.processes.map((process, i) =>
    block(`vrrp_track_process process_${i + 1}`, [`process ${word(process)}`, "weight 0", "quorum 1"]),
  );
  const scripts = track.scripts.map((script, i) =>
    block(`vrrp_script script_${i + 1}`, [
      `script ${keepalivedCommand(script.command)}`,
      `interval ${word(script.interval)}`,
      `timeout ${word(script.timeout)}`,
      `fall ${word(script.fall)}`,
      `rise ${word(script.rise)}`,
      "weight 0",
      "# Not fit before it has shown that it is.",
      "init_fail",
    ]),
  );
  return [...files, ...processes, ...scripts].join("\n");
}

/** The lines of an instance, or of a group: all that is watched for it. `own`: the VIP, where it is one of several. */
export function trackLines(conf: KeepalivedConf, own?: OwnVip): string[] {
  const { track } = conf.spec;
  const files = [...commonFiles(conf), ...(own ? filesOfVip(own) : [])];
  const numbered = (kind: string, list: unknown[]): string[] => list.map((_, i) => `${kind}_${i + 1}`);
  return [
    ...inner(
      "track_file",
      files.map(({ name }) => name),
    ),
    ...inner("track_interface", track.interfaces.map(word)),
    ...inner("track_process", numbered("process", track.processes)),
    ...inner("track_script", numbered("script", track.scripts)),
  ];
}
