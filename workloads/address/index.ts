export type { AddressVip, CheckAsked, HaAddressArgs } from "./args";
export { HaAddress, type HaAddressOutputs } from "./ha-address";
export type { VipOutput } from "./observe";
