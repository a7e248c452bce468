import type { Page } from "../../domain/page";
import type { AddressVip } from "./args";

/** Statuses of a page that is there, whatever it says of itself. */
const successes = [200, 201, 202, 203, 204, 205, 206];

/** Where every node answers that can be logged in to. */
const ssh = 22;

/** What of a VIP says where it is asked. */
type AskedVip = Pick<AddressVip, "vip" | "checks">;

/**
 * Where a VIP is asked from outside, and what it must answer: the first page among its checks, else the first port, else the
 * SSH server of the node that has it, which shows that the VIP leads to one.
 */
export function askedAtVip({ vip, checks = [] }: AskedVip): { url: string; page: Page } {
  const http = checks.find((check) => check.http)?.http;
  if (http) {
    const { port, path = "/", tls = false, status = [] } = http;
    const usual = tls ? 443 : 80;
    return {
      url: `${tls ? "https" : "http"}://${vip.address}${port === usual ? "" : `:${port}`}`,
      page: { path, status: status.length > 0 ? status : successes },
    };
  }
  const tcp = checks.find((check) => check.tcp !== undefined)?.tcp ?? ssh;
  return { url: `tcp://${vip.address}:${tcp}`, page: { path: "" } };
}
