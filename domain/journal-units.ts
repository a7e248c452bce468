/** The units of a node that say what happens to its service, of the present program and of the one before it. */
export const nodeUnits: readonly string[] = [
  ...["ha-rancher-agent", "ha-rancher-lease", "ha-rancher-nfs-identity", "ha-rancher-observer"],
  ...["ha-rancher-guard", "ha-rancher-watchdog", "ha-rancher-identity"],
  ...["ha-rancher-backup", "keepalived"],
];
