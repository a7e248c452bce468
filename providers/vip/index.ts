import { current } from "../current";
import { stored } from "../stored";

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

/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const configuration = current(() => {
  const {
    configuration,
    migrations,
  }: typeof import("./configuration-provider") = require("./configuration-provider");
  return stored("vip.Configuration", configuration, migrations);
});
/** @internal */
export const keepalived = current(() => {
  const { keepalived }: typeof import("./keepalived-provider") = require("./keepalived-provider");
  return stored("vip.Keepalived", keepalived);
});
/** @internal */
export const members = current(() => {
  const { members }: typeof import("./members-provider") = require("./members-provider");
  return stored("vip.Members", members);
});
