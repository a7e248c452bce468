import { userInfo } from "node:os";
import { activityOn } from "../local/activity";
import { callOn } from "../local/called";
import { otherMaker } from "../stack/makers";
import type { UnreachedStack } from "./place";
import { whoWorks } from "./pulumi/turn";

/** Why a stack's nodes cannot be reached, for people: it is not there, it is another user's, or it is being made. */
export function whyUnreached(stack: string, { state }: UnreachedStack): string {
  const up = `\`${callOn(stack, "up")}\``;
  const worker = whoWorks(stack);
  if (worker !== undefined) {
    const isRemoved = activityOn(stack)?.command === "down";
    return `the stack \`${stack}\` is being ${isRemoved ? "removed" : "made"}, and no node is there ${isRemoved ? "any more" : "yet"}: ${worker}`;
  }
  if (state === "lab-stopped") return `the lab does not run: ${up} starts it and the machines`;
  const maker = otherMaker(stack);
  if (!maker) return `the stack \`${stack}\` is not up: ${up} makes it`;
  const me = userInfo().username;
  return maker.user === me
    ? `the stack \`${stack}\` was made with another home: its state is in ${maker.data}. Run this with the \`HOME\` and \`XDG_DATA_HOME\` of then`
    : `the stack \`${stack}\` was made by ${maker.user}, whose home has its state (${maker.data}): run this as ${maker.user}, and not as ${me}`;
}
