/**
 * Memory of a machine, MiB, unless `memory` says otherwise. Rancher's requirements start at 4 GiB
 * (its "Small" size); the stand-in that the lab runs needs far less.
 */
export const defaultMemory = { lab: 1024, elsewhere: 4096 };
