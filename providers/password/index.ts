import { current } from "../current";
import { password as provider } from "./password-provider";

export { Password, type PasswordArgs } from "./password";
/** What Pulumi calls. @internal */
export const password = current(provider);
