/**
 * The words before a command line that make root run it: none if the login user is root, whose host may have no sudo;
 * otherwise sudo, which must not ask for a password.
 *
 * @param user the login user
 */
export const rootPrefix = (user: string): "" | "sudo -n " => (user === "root" ? "" : "sudo -n ");
