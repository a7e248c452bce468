import { current } from "../current";

export { Password, type PasswordArgs } from "./password";
/** What Pulumi calls; loaded when it does, which a program with such resources never does. */
export const password = current(
  () => (require("./password-provider") as typeof import("./password-provider")).password,
);
