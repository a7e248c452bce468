export { configuration } from "./configuration-provider";
export { type Holders, hasAddress, measureHolders } from "./holders";
export { Configuration, type ConfigurationArgs, Keepalived, type KeepalivedArgs } from "./keepalived";
export { keepalived } from "./keepalived-provider";
export { type Answer, ping, waitForPing } from "./ping";
