export { Password, type PasswordArgs } from "./password";
export { password } from "./password-provider";
