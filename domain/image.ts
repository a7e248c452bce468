import { compareVersions, isVersion } from "./version";

/*
 * References to container images, by the grammar of github.com/distribution/reference:
 * [HOST[:PORT]/]PATH[:TAG][@sha256:DIGEST].
 */

/** The registry of what is written without one; people call it Docker Hub. */
const dockerHub = "docker.io";

/** Other names of Docker Hub, as Docker itself writes them. */
const hubNames = ["index.docker.io", "registry-1.docker.io"];

const tagForm = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const digestForm = /^sha256:[a-f0-9]{64}$/;
/** The host, which has a dot, a port or is localhost, and parts between slashes. */
const hostForm = /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[1-9]\d{0,4})?$/;
const partForm = /^[a-z0-9]+((\.|__?|-+)[a-z0-9]+)*$/;
/** Of a repository's name, in characters. */
const longestName = 255;

/** A reference, taken apart. */
export interface ImageReference {
  /** As it is written, with the registry if that is written: `rancher/rancher`, `registry.example:5000/app`. */
  repository: string;
  tag: string | undefined;
  /** `sha256:` and 64 hex digits. */
  digest: string | undefined;
}

/** Takes a reference apart; says nothing about whether its parts are well formed ({@link isPinnedReference} does). */
export function parseImage(reference: string): ImageReference {
  const at = reference.indexOf("@");
  const named = at < 0 ? reference : reference.slice(0, at);
  const colon = named.lastIndexOf(":");
  // A colon before the last slash is a registry's port.
  const tagged = colon > named.lastIndexOf("/");
  return {
    repository: tagged ? named.slice(0, colon) : named,
    tag: tagged ? named.slice(colon + 1) : undefined,
    digest: at < 0 ? undefined : reference.slice(at + 1),
  };
}

function isRepository(repository: string): boolean {
  const host = hostOf(repository);
  const path = host === undefined ? repository : repository.slice(host.length + 1);
  const port = host?.split(":")[1];
  return (
    repository.length <= longestName &&
    (host === undefined || hostForm.test(host)) &&
    (port === undefined || Number(port) <= 65_535) &&
    path.split("/").every((part) => partForm.test(part))
  );
}

/** Whether a text is one well-formed reference with a tag, a digest, or both. */
export function isPinnedReference(text: string): boolean {
  const { repository, tag, digest } = parseImage(text);
  return (
    isRepository(repository) &&
    (tag !== undefined || digest !== undefined) &&
    (tag === undefined || tagForm.test(tag)) &&
    (digest === undefined || digestForm.test(digest))
  );
}

/** Whether a reference names one content for good: it has a digest. */
export const hasDigest = (reference: string): boolean => digestForm.test(parseImage(reference).digest ?? "");

/**
 * The registry under which Docker's plugin of Pulumi 5.2.0 looks for the login of a reference: the host as it is written, and
 * where none is, this name of Docker Hub's. A login under another name of the Hub's is not used, and nothing says so.
 */
export const loginAddress = (reference: string): string => hostOf(reference) ?? "registry-1.docker.io";

/** Docker Hub by its one name, and any other registry as it is. */
const registryName = (host: string): string => (hubNames.includes(host) ? dockerHub : host);

/** The part of a reference that names its registry, if the first part can be a host's name. */
function hostOf(reference: string): string | undefined {
  const [first = "", ...rest] = reference.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : undefined;
}

/** The registry that a reference or a repository is in; Docker Hub if it names none. */
export const registryOf = (reference: string): string => registryName(hostOf(reference) ?? dockerHub);

/** A repository as people write it: without Docker Hub's own names. */
export function familiarName(repository: string): string {
  const host = hostOf(repository);
  const path = host === undefined ? repository : repository.slice(host.length + 1);
  if (registryOf(repository) === dockerHub) return path.replace(/^library\//, "");
  return repository;
}

/** `v2.12.3-rc1` of `registry/rancher/rancher:v2.12.3-rc1@sha256:...`; undefined if the tag is no version. */
export function versionOf(reference: string): string | undefined {
  const { tag } = parseImage(reference);
  return tag !== undefined && /^v?\d+\.\d+\.\d+/.test(tag) && isVersion(tag) ? tag : undefined;
}

/** Whether another image is an older version of the same. Of tags that are no versions nobody can tell. */
export function isDowngrade(from: string, to: string): boolean {
  const [old, next] = [versionOf(from), versionOf(to)];
  return old !== undefined && next !== undefined && compareVersions(next, old) < 0;
}
