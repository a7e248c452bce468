import { messageOf } from "../../local/errors";
import type { KnownStack } from "../../stack/known-stack";
import { hasKeys } from "../probes/stores/keys";
import { parsePlace, passwordVariable, placeForms } from "../probes/stores/place";
import { logIn } from "../probes/stores/rancher";

/** Where a client writes (probes/stores/place.ts), with the password of the place's user. */
export interface WritesTo {
  place: string;
  password: string | undefined;
}

/** Milliseconds for Rancher to say whether it knows a password. */
const patience = 20_000;

/** How a drill finds a place for its writes. */
export interface WritesOrder {
  /** The place, if it is given. */
  to?: string | undefined;
  /** Rancher's first password, as the stack's outputs have it. */
  bootstrapPassword(): Promise<string>;
}

/**
 * Where a client writes: at the place that is given, else at the service itself, if that is known to keep something.
 *
 * @returns why the writes are not measured, if they cannot be
 */
export async function chooseWrites(
  { url, bootstrapPassword }: KnownStack,
  order: WritesOrder,
): Promise<WritesTo | string> {
  const password = process.env[passwordVariable];
  if (order.to !== undefined) {
    const isRancher = parsePlace(order.to).scheme === "rancher";
    return {
      place: order.to,
      password: password ?? (isRancher ? await order.bootstrapPassword() : undefined),
    };
  }
  const { host, protocol } = new URL(url);
  if (protocol === "https:" && (await hasKeys(url).catch(() => false)))
    return { place: `keys://${host}`, password: undefined };
  if (bootstrapPassword === undefined)
    return `what takes writes behind the VIP is not known: name it with \`--writes\` (${placeForms})`;
  try {
    return await toRancher(`rancher://${host}`, password ?? (await order.bootstrapPassword()));
  } catch (error) {
    return `Rancher's API cannot be written to: ${messageOf(error)}`;
  }
}

async function toRancher(place: string, password: string): Promise<WritesTo | string> {
  if ((await logIn(new URL(place), password, patience)) !== undefined) return { place, password };
  return `Rancher does not know the bootstrap password any more: give the new one in the variable ${passwordVariable}`;
}
