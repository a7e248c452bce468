import * as pulumi from "@pulumi/pulumi";
import ipaddr from "ipaddr.js";
import { doubles } from "../domain/doubles";
import { type Mistake, sentenceOf } from "../domain/mistake";
import { defaultTimes, type NodeTimes, timerMistakes, timerRules } from "../domain/timers";
import { type VrrpOptions, withPriorities } from "../domain/vrrp";
import type { NodesArgs } from "./nodes";

/** What is looked at of a service's arguments. */
interface CheckedArgs extends NodesArgs {
  id?: string;
  floatingIp: VrrpOptions;
  guard?: Partial<NodeTimes>;
}

/** What an argument's value must be, if it is not; outputs are looked at by the resources that take them. */
type Rule = (args: CheckedArgs) => string[];

const nodes: Rule = ({ nodes: given }) => {
  const all = withPriorities(given);
  return [
    ...(all.length < 2 ? ["`nodes` must name at least two nodes: one alone cannot fail over"] : []),
    ...(all.length > 10 ? ["`nodes` must name at most ten nodes"] : []),
    ...all.flatMap(({ name, priority }, i) => [
      ...(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
        ? []
        : [`\`nodes[${i}].name\` must be a host name: lower-case letters, digits and dashes`]),
      ...(Number.isInteger(priority) && priority >= 1 && priority <= 254
        ? []
        : [`\`nodes[${i}].priority\` must be a whole number from 1 to 254`]),
    ]),
    ...(["name", "address", "priority"] as const).flatMap((key) =>
      doubles<unknown>(all.map((node) => node[key])).map(
        (value) => `\`nodes\` has the ${key} ${value} twice: give each node its own`,
      ),
    ),
  ];
};

const floatingIp: Rule = ({ floatingIp: { vip, advertInterval, virtualRouterId }, nodes: all }) => [
  ...(ipaddr.IPv4.isValidFourPartDecimal(vip.address) && vip.prefix >= 8 && vip.prefix <= 32
    ? []
    : ["`floatingIp.vip` must be an IPv4 address with its subnet's prefix, 8 to 32"]),
  ...(all.some(({ address }) => address === vip.address)
    ? ["`floatingIp.vip` must not be a node's address: it moves between nodes, choose a free one"]
    : []),
  ...(advertInterval === undefined || (advertInterval >= 0.05 && advertInterval <= 40)
    ? []
    : ["`floatingIp.advertInterval` must be 0.05 to 40 s"]),
  ...(virtualRouterId === undefined ||
  (Number.isInteger(virtualRouterId) && virtualRouterId >= 1 && virtualRouterId <= 255)
    ? []
    : ["`floatingIp.virtualRouterId` must be a whole number from 1 to 255"]),
];

/** The order of the timers, which the argument for one writer stands on. */
const timers: Rule = ({ guard }) =>
  timerRules.flatMap((rule) => timerMistakes(rule, { ...defaultTimes, ...guard })).map(sentenceOf);

const id: Rule = ({ id: given }) =>
  given === undefined || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(given)
    ? []
    : ["`id` must be one word of letters, digits, dots, dashes and underscores"];

/**
 * Looks at a highly available service's arguments before anything is made.
 *
 * @param ofWorkload mistakes that were found in the workload's own arguments
 * @throws pulumi.RunError with all mistakes
 */
export function checkArgs(name: string, args: CheckedArgs, ofWorkload: Mistake[] = []): void {
  const mistakes = [
    ...[id, nodes, floatingIp, timers].flatMap((rule) => rule(args)),
    ...ofWorkload.map(sentenceOf),
  ];
  if (mistakes.length > 0)
    throw new pulumi.RunError(
      [
        `the arguments of ${name} have mistakes; nothing was made:`,
        ...mistakes.map((each) => `  - ${each}`),
      ].join("\n"),
    );
}
