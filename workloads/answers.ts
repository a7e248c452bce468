import type { Page } from "../domain/page";
import { type AskedThroughVip, askedThroughVip } from "./container/asked";
import { answers, serverUrl } from "./rancher/pages";

/** What of a stack says where its service answers. */
interface Asked {
  workload: "rancher" | "container";
  vip: { address: string };
  /** Rancher's. */
  httpsPort: number;
  container?: AskedThroughVip | undefined;
}

/** Where a stack's service answers through the VIP, and what. */
export function serviceOf({ workload, vip, httpsPort, container }: Asked): { url: string; answers: Page } {
  if (workload === "rancher" || !container) return { url: serverUrl(vip.address, httpsPort), answers };
  const { url, page } = askedThroughVip(container, vip.address);
  return { url, answers: page };
}
