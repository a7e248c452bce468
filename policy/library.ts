/*
 * What a policy pack of one's own takes from here: the rules, and what makes CrossGuard's policies of them. (index.ts is the
 * pack of this project, and starts when it is loaded.)
 */

export { policyOf, type Surroundings } from "./pack";
export type { Check, Context, Judged, Rule } from "./rule";
export { rules } from "./rules";
