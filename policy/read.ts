/** A VRRP instance in a keepalived.conf. */
interface VrrpInstance {
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
