/** How many letters must be added, removed, changed or swapped with their neighbours to make one word of another. */
function distance(one: string, other: string): number {
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= one.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= other.length; j++) {
      const changed = at(i - 1, j - 1) + (one[i - 1] === other[j - 1] ? 0 : 1);
      const swapped =
        one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
          ? at(i - 2, j - 2) + 1
          : Number.POSITIVE_INFINITY;
      rows[i]?.push(Math.min(changed, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(one.length, other.length);
}

/**
 * The word that was probably meant by one that is none of them.
 *
 * @returns undefined if none is near: a third of its letters may be wrong
 */
export function closest(word: string, known: readonly string[]): string | undefined {
  const plain = word.toLowerCase();
  const bound = Math.floor(plain.length / 3);
  let best: { name: string; off: number } | undefined;
  for (const name of known) {
    // Words of very different lengths need no comparison.
    if (Math.abs(name.length - plain.length) > bound) continue;
    const off = distance(plain, name.toLowerCase());
    if (off <= bound && off < (best?.off ?? Number.POSITIVE_INFINITY)) best = { name, off };
  }
  return best?.name;
}

/** `; did you mean ...?` for the end of a message; empty if nothing is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  return near === undefined ? "" : `; did you mean \`${near}\`?`;
}
