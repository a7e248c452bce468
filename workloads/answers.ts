import type { Page } from "../domain/page";
import { askedThroughVip, type ContainerWorkloadArgs } from "./container/workload";
import { serverUrl } from "./rancher/container";
import { answers } from "./rancher/pages";

/** What of a stack says where its service answers. */
interface Asked {
  workload: "rancher" | "container";
  vip: { address: string };
  /** Rancher's. */
  httpsPort: number;
  container?: Pick<ContainerWorkloadArgs, "ports" | "health"> | undefined;
}

/** Where a stack's service answers through the VIP, and what. */
export function serviceOf({ workload, vip, httpsPort, container }: Asked): { url: string; answers: Page } {
  if (workload === "rancher" || !container) return { url: serverUrl(vip.address, httpsPort), answers };
  const { url, page } = askedThroughVip(container, vip.address);
  return { url, answers: page };
}
