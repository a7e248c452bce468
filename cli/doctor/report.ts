import type { Colors } from "../ui/colors";
import type { Finding, State, Subject } from "./check";

const marks: Record<State, string> = { well: "ok", remark: "remark", fault: "FAULT" };

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? "" : "s"}`;

/** The findings as text for people: each check with its meaning and its repair. */
export function reportText(
  { stack, hypervisor }: Pick<Subject, "stack" | "hypervisor">,
  results: (Finding & { check: string })[],
  colors: Colors,
): string {
  const paint = { well: colors.green, remark: colors.yellow, fault: colors.red };
  const width = Math.max(...results.map(({ check }) => check.length)) + 2;
  const indent = " ".repeat(8 + width);
  const lines = results.flatMap(({ check, state, meaning, mend, fix }) => [
    `${paint[state](marks[state].padEnd(8))}${check.padEnd(width)}${meaning}`,
    ...(mend ? mend.split("\n").map((line, i) => `${indent}${i ? "  " : "-> "}${line}`) : []),
    ...(fix ? [colors.dim(`${indent}   (--fix does it)`)] : []),
  ]);
  const count = (state: State): number => results.filter((each) => each.state === state).length;
  const verdict =
    count("fault") > 0
      ? colors.red(`${counted(count("fault"), "fault")}, ${counted(count("remark"), "remark")}`)
      : colors.green(`no fault, ${counted(count("remark"), "remark")}`);
  const where = hypervisor ? `machines: ${hypervisor}` : "no machines";
  return [`${colors.bold(stack)}  ${where}`, "", ...lines, "", verdict].join("\n");
}
