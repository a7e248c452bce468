/** Settings for more machines than this one has processors: none may be taken for dead because it waits for one. */
export const patient = { httpPort: 80, preset: "steady", guard: { health: { every: 5, timeout: 5 } } };
