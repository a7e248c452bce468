import { current } from "../current";
import { stored } from "../stored";

export { Password, type PasswordArgs } from "./password";
/** What Pulumi calls; loaded when it does, which a program with such resources never does. @internal */
export const password = current(() => {
  const { password }: typeof import("./password-provider") = require("./password-provider");
  return stored("password.Password", password);
});
