import { z } from "zod";
import {
  guardTimers,
  healthTimers,
  orderInShort,
  type Timer,
  timerMistakes,
  timerRules,
} from "../domain/timers";
import { number, type Rule, setting, settingsByName, whole } from "./values";

const typeOf = ({ default: standard, least, most, unit, whole: isWhole, what }: Timer) =>
  setting((isWhole ? whole : number)(least, most, unit && ` ${unit}`).default(standard), what);

type Shape<Timers> = { [Name in keyof Timers]: ReturnType<typeof typeOf> };

const shapeOf = <Timers extends Record<string, Timer>>(timers: Timers): Shape<Timers> =>
  Object.fromEntries(Object.entries(timers).map(([name, timer]) => [name, typeOf(timer)])) as Shape<Timers>;

const healthSchema = z.strictObject(shapeOf(healthTimers), { error: settingsByName });

const guardSchema = z.strictObject(
  {
    ...shapeOf(guardTimers),
    health: setting(
      healthSchema.default(healthSchema.parse({})),
      "How the guard looks whether the service is well",
    ),
  },
  { error: settingsByName },
);

type GuardSettings = z.infer<typeof guardSchema>;

/** Settings of the guard, at the top of a stack's file. */
export const guardShape = {
  guard: setting(
    guardSchema.default(guardSchema.parse({})),
    `Timers of the guard, which are checked against each other: ${orderInShort}`,
    "as in docs/fencing.md",
  ),
};

/** The order of the timers. */
export const guardRules: Rule<{ guard: GuardSettings }>[] = timerRules.map((rule) => ({
  of: rule.of.map((name) => `guard.${name}`),
  check: ({ guard }) => timerMistakes(rule, guard),
}));
