import { current } from "../current";
import { configuration as configurationProvider } from "./configuration-provider";
import { keepalived as keepalivedProvider } from "./keepalived-provider";
import { members as membersProvider } from "./members-provider";

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

/** What Pulumi calls. @internal */
export const configuration = current(configurationProvider);
/** @internal */
export const keepalived = current(keepalivedProvider);
/** @internal */
export const members = current(membersProvider);
