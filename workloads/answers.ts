import type { Cause } from "../domain/causes";
import type { Page } from "../domain/page";
import type { Vip } from "../domain/vrrp";
import type { CheckAsked } from "./address/args";
import { askedAtVip } from "./address/asked";
import { type AskedThroughVip, askedThroughVip } from "./container/asked";
import { causes as containerCauses } from "./container/causes";
import { causes as rancherCauses } from "./rancher/causes";
import { answers, serverUrl } from "./rancher/pages";

/** What of a stack says where its service answers. */
interface Asked {
  workload: "rancher" | "container" | "address";
  vip: Vip;
  /** Rancher's. */
  httpsPort: number;
  container?: AskedThroughVip | undefined;
  address: { vips: { checks: CheckAsked[] }[] };
}

/** Where a stack's service answers through the VIP, and what. */
export function serviceOf({ workload, vip, httpsPort, container, address }: Asked): {
  url: string;
  answers: Page;
} {
  if (workload === "address") {
    const { url, page } = askedAtVip({ vip, checks: address.vips[0]?.checks });
    return { url, answers: page };
  }
  if (workload === "rancher" || !container) return { url: serverUrl(vip.address, httpsPort), answers };
  const { url, page } = askedThroughVip(container, vip.address);
  return { url, answers: page };
}

/** What the logs of a stack's service may say, by what it answers through the VIP. */
export const causesOf = ({ path, body }: Page): readonly Cause[] =>
  path === answers.path && body === answers.body ? rancherCauses : containerCauses;
