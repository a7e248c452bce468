import type { Page } from "../../domain/page";

/** A question whether the service is well, on its node; exactly one of the four. */
export interface Asked {
  /** A page on a published port; `status`: what it answers while it is well, default 200 to 299. */
  http?: { port: number; path?: string; tls?: boolean; status?: number[] } | undefined;
  /** A published port that takes connections. */
  tcp?: number | undefined;
  /** In the container; 0 is well. */
  command?: string[] | undefined;
  /** Part of a line that it writes once it serves. */
  log?: string | undefined;
  /** Asked seldom; default false. */
  deep?: boolean | undefined;
}

/** What of a container says where its service answers. */
export interface AskedThroughVip {
  ports: { published: number; protocol?: "tcp" | "udp" }[];
  health: Asked[];
}

/**
 * Where the service is asked through the VIP, and what it must answer: the first page among its questions, else the first
 * port among them, else its first TCP port.
 */
export function askedThroughVip(
  { ports, health }: AskedThroughVip,
  vip: string,
): { url: string; page: Page } {
  const http = health.find((each) => each.http)?.http;
  if (http) {
    const { port, path = "/", tls = false, status = [] } = http;
    const usual = tls ? 443 : 80;
    return {
      url: `${tls ? "https" : "http"}://${vip}${port === usual ? "" : `:${port}`}`,
      page: { path, ...(status.length > 0 && { status }) },
    };
  }
  const asked = health.find((each) => each.tcp !== undefined)?.tcp;
  const port = asked ?? ports.find(({ protocol = "tcp" }) => protocol === "tcp")?.published;
  return { url: `tcp://${vip}:${port}`, page: { path: "" } };
}
