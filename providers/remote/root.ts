/**
 * What stands before a command line so that root runs it: nothing if root is the login user, whose host needs no sudo;
 * else sudo, which must not ask.
 *
 * @param user the login user
 */
export const rootPrefix = (user: string): "" | "sudo -n " => (user === "root" ? "" : "sudo -n ");
