/** The settings of a guard.conf: lines `KEY='value'`, as components/guard-files.ts writes them. */
export function guardSettings(text: string): Record<string, string> {
  const lines = text.split("\n").map((line) => /^([A-Z_]+)=(.*)$/.exec(line));
  return Object.fromEntries(
    lines.flatMap((line) => (line ? [[line[1] ?? "", unquoted(line[2] ?? "")]] : [])),
  );
}

/** What a shell makes of a word in single quotes, or in none. */
const unquoted = (word: string): string =>
  word.replace(/'([^']*)'|\\(.)/g, (_, quoted, escaped) => quoted ?? escaped);

/** What a keepalived.conf says of each VRRP instance. */
export interface VrrpInstance {
  routerId: number;
  priority: number;
}

export function vrrpInstances(text: string): VrrpInstance[] {
  return text
    .split(/^vrrp_instance /m)
    .slice(1)
    .map((block) => ({
      routerId: Number(/^\s*virtual_router_id (\d+)/m.exec(block)?.[1]),
      priority: Number(/^\s*priority (\d+)/m.exec(block)?.[1]),
    }));
}

/** The value of a key in a systemd unit; the last one counts. */
export const unitValue = (text: string, key: string): string | undefined =>
  [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].at(-1)?.[1]?.trim();
