import { stored } from "../stored";
import {
  migrations as configurationMigrations,
  configuration as configurationProvider,
} from "./configuration-provider";
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

/** What Pulumi calls. */
export const configuration = stored("vip.Configuration", configurationProvider, configurationMigrations);
export const keepalived = stored("vip.Keepalived", keepalivedProvider);
export const members = stored("vip.Members", membersProvider);
