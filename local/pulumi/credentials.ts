import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The file with the logins of the user's own Pulumi (sdk/go/common/workspace/creds.go). */
export const userCredentials = (): string =>
  join(
    process.env.PULUMI_CREDENTIALS_PATH || process.env.PULUMI_HOME || join(homedir(), ".pulumi"),
    "credentials.json",
  );

/** The backend that the user has logged in to with `pulumi login`, or has a token for. */
export function loggedInTo(): string | undefined {
  if (process.env.PULUMI_ACCESS_TOKEN) return process.env.PULUMI_API || "https://api.pulumi.com";
  try {
    const { current } = JSON.parse(readFileSync(userCredentials(), "utf8")) as { current?: string };
    return current || undefined;
  } catch {
    return undefined; // Never logged in.
  }
}
