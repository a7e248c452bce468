import { loginAddress, registryOf } from "../../../domain/image";
import { checkFields, type Fields } from "../fields";
import { isObject, type Values } from "../values";

/** How to log in to one registry. */
export interface RegistryLogin {
  /** A registry's host, with its port unless that is 443. */
  address: string;
  username: string;
  password: string;
}

const fields: Fields = {
  address: { is: "string", required: true },
  username: { is: "string", required: true },
  password: { is: "string", required: true },
  authDisabled: { is: "refused", allowed: [false], instead: "leave the registry out" },
  configFile: { is: "refused", instead: "give `username` and `password`" },
  configFileContent: { is: "refused", instead: "give `username` and `password`" },
};

/** The registry of a login. It may be given as a URL: `https://registry.example/v2/`. */
const registryOfLogin = (address: string): string => address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");

/**
 * Reads the provider's `registryAuth`.
 *
 * @param json a list in the form of the SDK
 * @throws Error with the name of the setting, but without its value
 */
export function parseRegistryAuth(json: string | undefined): RegistryLogin[] {
  let list: unknown = [];
  try {
    if (json) list = JSON.parse(json);
  } catch {
    // The check below reports this.
  }
  if (!Array.isArray(list) || !list.every(isObject))
    throw new Error("`registryAuth` must be a list of logins");
  return (list as Values[]).map((entry) => {
    const { inputs, failures } = checkFields("docker", fields, entry);
    if (failures.length > 0)
      throw new Error(`\`registryAuth\` is wrong: ${failures.map(({ reason }) => reason).join("; ")}`);
    const { address, username, password } = inputs as unknown as RegistryLogin;
    return { address: registryOfLogin(address), username, password };
  });
}

/**
 * The login for a repository's registry in the form of the engine's API; undefined if there is none. As with the official
 * plugin a login is found by the one address alone, not by another name of the same registry.
 */
export function loginFor(
  logins: readonly RegistryLogin[],
  repository: string,
): { serveraddress: string; username: string; password: string } | undefined {
  const found = logins.find(({ address }) => address === loginAddress(repository));
  return (
    found && { serveraddress: registryOf(repository), username: found.username, password: found.password }
  );
}
