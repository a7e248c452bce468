/** A node's command: since when it is up, and what its services wrote of late. */
export const journal =
  "uptime; journalctl --utc --since -15min --output short-iso-precise --no-pager -u keepalived -u ha-rancher-agent -u ha-rancher-lease";
