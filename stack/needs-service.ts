import { Failure } from "../local/errors";
import type { KnownStack } from "./known-stack";

/**
 * Refuses what is about a service with a lease where a stack has floating IPs alone.
 *
 * @param what the command, and what it is about: `backup: there is no data of this stack's`
 * @throws Failure
 */
export function needsService({ vips }: Pick<KnownStack, "vips">, what: string): void {
  if (vips) throw new Failure(`\`workload\` is address, and ${what}`, 2);
}
