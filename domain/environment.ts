/** What a stack is for: how strictly the policies judge it (policy/), and whether what holds data is protected. */
export const environments = ["dev", "blog", "hosts", "prod"] as const;

export type Environment = (typeof environments)[number];

const isEnvironment = (text: string | undefined): text is Environment =>
  environments.includes(text as Environment);

/**
 * The environment of a stack: as its setting `environment` says; else the one that it is named after; else what its
 * nodes are.
 *
 * @param said the setting; anything that is no environment counts as not said, since the settings refuse it
 * @param nodes the setting; undefined if the stack has none, as another program's
 */
export function environmentOf(
  stack: string,
  said: string | undefined,
  nodes?: readonly { host?: unknown }[],
): Environment {
  const named = [said, stack].find(isEnvironment);
  if (named) return named;
  return nodes?.every(({ host }) => host) ? "hosts" : "dev";
}
