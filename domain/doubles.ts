/** What is in a list more than once, each named once, in the order in which it comes again. */
export const doubles = <T>(values: readonly T[]): T[] => [
  ...new Set(values.filter((value, i) => values.indexOf(value) < i)),
];
