import type { z } from "zod";
import {
  agentTimers,
  formerTimers,
  healthTimers,
  orderInShort,
  type Timer,
  timerMistakes,
  timerRules,
} from "../domain/timers";
import { group, number, type Rule, setting, whole } from "./values";

const typeOf = ({ default: standard, least, most, unit, whole: isWhole, what }: Timer) =>
  setting((isWhole ? whole : number)(least, most, unit && ` ${unit}`).default(standard), what);

type Shape<Timers> = { [Name in keyof Timers]: ReturnType<typeof typeOf> };

const shapeOf = <Timers extends Record<string, Timer>>(timers: Timers): Shape<Timers> =>
  Object.fromEntries(Object.entries(timers).map(([name, timer]) => [name, typeOf(timer)])) as Shape<Timers>;

const healthSchema = group(shapeOf(healthTimers));

const agentSchema = group({
  ...shapeOf(agentTimers),
  health: setting(
    healthSchema.default(healthSchema.parse({})),
    "How the agent looks whether the service is well",
  ),
});

type AgentSettings = z.infer<typeof agentSchema>;

/** Settings of the agents, at the top of a stack's file. */
export const agentShape = {
  guard: setting(
    agentSchema.default(agentSchema.parse({})),
    `Timers of the agents, which are checked against each other: ${orderInShort}`,
    "as in docs/fencing.md",
  ),
};

/** The order of the timers. */
export const agentRules: Rule<{ guard: AgentSettings }>[] = timerRules.map((rule) => ({
  of: rule.of.map((name) => `guard.${name}`),
  check: ({ guard }) => timerMistakes(rule, guard),
}));

/** Why a timer is not there, if it was there before. */
export const whyRenamed = (path: string): string | undefined =>
  Object.hasOwn(formerTimers, path) ? formerTimers[path] : undefined;
