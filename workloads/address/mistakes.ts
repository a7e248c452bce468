import { doubles } from "../../domain/doubles";
import { type Mistake, mistake } from "../../domain/mistake";
import { routerIdOf } from "../../domain/vrrp";
import type { CheckAsked, HaAddressArgs } from "./args";

const kinds = ["http", "tcp", "unit", "process", "command"] as const;

const isOne = (check: CheckAsked): boolean => kinds.filter((kind) => check[kind] !== undefined).length === 1;

/** What is wrong with the arguments of floating IPs alone, beside what every component's are judged by. */
export function addressMistakes({ vips, nodes }: HaAddressArgs): Mistake[] {
  const names = new Set(nodes.map(({ name }) => name));
  const twice = (what: string, values: readonly unknown[]): Mistake[] =>
    doubles(values).map((value) =>
      mistake("vips", `has the ${what} ${value} twice`, "give each VIP its own"),
    );
  return [
    ...twice(
      "name",
      vips.map(({ name }) => name),
    ),
    ...twice(
      "address",
      vips.flatMap(({ vip, furtherVips = [] }) => [vip, ...furtherVips].map(({ address }) => address)),
    ),
    ...twice(
      "router id",
      vips.map(({ vip, virtualRouterId }) => virtualRouterId ?? routerIdOf(vip)),
    ),
    ...vips.flatMap(({ name, preferred, preempt, checks = [] }, i) => [
      ...(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 20
        ? []
        : [mistake(`vips[${i}].name`, "must be a short name of lower-case letters, digits and dashes")]),
      ...(preferred === undefined || names.has(preferred)
        ? []
        : [mistake(`vips[${i}].preferred`, `(${preferred}) is no node`)]),
      ...checks.flatMap((check, j) => [
        ...(isOne(check)
          ? []
          : [mistake(`vips[${i}].checks[${j}]`, `must have one of ${kinds.join(", ")}, and only one`)]),
        ...(check.weight !== undefined && !preempt
          ? [mistake(`vips[${i}].checks[${j}].weight`, "does nothing without `preempt`", "set that to true")]
          : []),
      ]),
    ]),
  ];
}
