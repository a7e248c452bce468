import type { CheckFailure, MachineInputs } from "./inputs";

/**
 * What each machine of a program claims for itself alone. This lives as long as the process, which is one preview or
 * one update. Each machine is checked once in it, or again with newer claims.
 */
const wishes = new Map<string, Map<string, CheckFailure>>();

const wish = (property: string, place: string, value: string | number): [string, CheckFailure] => [
  `${property} ${value}`,
  { property, reason: `\`${place}\` is ${value}` },
];

function wishesOf({
  directory,
  networks = [],
  ports = [],
}: Partial<MachineInputs>): Map<string, CheckFailure> {
  return new Map([
    ...(directory === undefined ? [] : [wish("directory", "directory", directory)]),
    ...networks.flatMap(({ address }, i) =>
      address === undefined ? [] : [wish("networks", `networks[${i}].address`, address)],
    ),
    ...ports.flatMap(({ host, count, protocol, hostIp }, i) =>
      host === undefined
        ? []
        : Array.from({ length: count }, (_, n) => {
            const [key, said] = wish("ports", `ports[${i}].host`, host + n);
            return [`${key}/${protocol} ${hostIp}`, said] as [string, CheckFailure];
          }),
    ),
  ]);
}

/** The claims of a machine that another machine of the same program has, too. */
export function clashes(inputs: Partial<MachineInputs>): CheckFailure[] {
  const { owner } = inputs;
  if (!owner) return [];
  const own = wishesOf(inputs);
  wishes.set(owner, own);
  return [...own].flatMap(([key, { property, reason }]) => {
    const other = [...wishes].find(([each, theirs]) => each !== owner && theirs.has(key));
    return other
      ? [{ property, reason: `${reason}, which ${other[0]} has too: give each machine its own` }]
      : [];
  });
}
