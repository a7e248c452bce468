import { current } from "../current";

export { type Holders, hasAddress, measureHolders } from "./holders";
export {
  Configuration,
  type ConfigurationArgs,
  Keepalived,
  type KeepalivedArgs,
  Members,
  type MembersArgs,
} from "./keepalived";
export { type Answer, ping, waitForPing } from "./ping";

/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const configuration = current(
  () => (require("./configuration-provider") as typeof import("./configuration-provider")).configuration,
);
export const keepalived = current(
  () => (require("./keepalived-provider") as typeof import("./keepalived-provider")).keepalived,
);
export const members = current(
  () => (require("./members-provider") as typeof import("./members-provider")).members,
);
