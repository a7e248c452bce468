import { stored } from "../stored";
import { password as provider } from "./password-provider";

export { Password, type PasswordArgs } from "./password";
/** What Pulumi calls. */
export const password = stored("password.Password", provider);
