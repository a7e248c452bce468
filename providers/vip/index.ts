export { type Holders, hasAddress, measureHolders } from "./holders";
export { type Answer, ping, waitForPing } from "./ping";
