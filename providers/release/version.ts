/** `v2.12.3-rc1` of `registry/rancher/rancher:v2.12.3-rc1@sha256:...`; undefined if the tag is no version. */
export function versionOf(image: string): string | undefined {
  const [, tag] = /:([\w][\w.-]*)(?:@sha256:[0-9a-f]+)?$/.exec(image) ?? [];
  return tag && /^v?\d+\.\d+\.\d+(-[\w.-]+)?$/.test(tag) ? tag : undefined;
}

/** Below, at, or above 0, as `a` is before, the same as, or after `b`; a pre-release is before its release. */
export function compareVersions(a: string, b: string): number {
  const parts = (version: string): [number[], string] => {
    const [numbers = "", ...rest] = version.replace(/^v/, "").split("-");
    return [numbers.split(".").map(Number), rest.join("-")];
  };
  const [[numbersA, restA], [numbersB, restB]] = [parts(a), parts(b)];
  for (const i of [0, 1, 2]) {
    const difference = (numbersA[i] ?? 0) - (numbersB[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (restA === restB) return 0;
  if (restA === "") return 1;
  if (restB === "") return -1;
  return restA.localeCompare(restB, "en", { numeric: true });
}

/** Whether another image is an older version of the same. Of tags that are no versions nobody can tell. */
export function isDowngrade(from: string, to: string): boolean {
  const [old, next] = [versionOf(from), versionOf(to)];
  return old !== undefined && next !== undefined && compareVersions(next, old) < 0;
}
