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

/** Docker Hub is known by several names, and what is written without a registry's name is its. */
const hub = "docker.io";

const registryOf = (address: string): string => {
  const host = address.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  return ["index.docker.io", "registry-1.docker.io"].includes(host) ? hub : host;
};

/** The registry that a repository is in: its first part, if that can be a host's name. */
export function registryOfRepository(repository: string): string {
  const [first = "", ...rest] = repository.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? registryOf(first) : hub;
}

/**
 * Reads the provider's `registryAuth`.
 *
 * @param json a list, as the SDK writes it
 * @throws Error that names the setting, and shows no value
 */
export function parseRegistryAuth(json: string | undefined): RegistryLogin[] {
  let list: unknown = [];
  try {
    if (json) list = JSON.parse(json);
  } catch {
    // Said below.
  }
  if (!Array.isArray(list) || !list.every(isObject))
    throw new Error("`registryAuth` must be a list of logins");
  return (list as Values[]).map((entry) => {
    const { inputs, failures } = checkFields("docker", fields, entry);
    if (failures.length > 0)
      throw new Error(`\`registryAuth\` is wrong: ${failures.map(({ reason }) => reason).join("; ")}`);
    const { address, username, password } = inputs as unknown as RegistryLogin;
    return { address: registryOf(address), username, password };
  });
}

/** The login for a repository's registry, as the engine's API takes it; undefined if there is none. */
export function loginFor(
  logins: readonly RegistryLogin[],
  repository: string,
): { serveraddress: string; username: string; password: string } | undefined {
  const registry = registryOfRepository(repository);
  const found = logins.find(({ address }) => address === registry);
  return found && { serveraddress: registry, username: found.username, password: found.password };
}
