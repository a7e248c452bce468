import "./local/pulumi/plain-traces";
import * as pulumi from "@pulumi/pulumi";
import { currentLab } from "./lab/description";
import { mustEndWhole } from "./local/pulumi/whole-program";
import { assertFresh, StaleProgram } from "./local/toolchain/freshness";
import { ownSettings, parseSettings, SettingsError, settingNames } from "./settings";
import { choosePlace } from "./workloads/from-settings/place";
import { makeStack, type Stack } from "./workloads/from-settings/stack";

/** Whether an error is the user's to correct: its message says all there is to know, and a stack trace would hide it. */
const isForUsers = (error: unknown): error is Error =>
  error instanceof SettingsError || error instanceof StaleProgram;

function madeStack(): Stack {
  const name = { project: pulumi.getProject(), stack: pulumi.getStack() };
  try {
    assertFresh();
    const { own, mistakes } = ownSettings(pulumi.runtime.allConfig(), settingNames);
    const settings = parseSettings(own, { mistakes });
    const place = choosePlace(settings, currentLab(), name.stack);
    return makeStack(settings, place, name);
  } catch (error) {
    throw isForUsers(error) ? new pulumi.RunError(error.message) : error;
  }
}

const stack = madeStack();
mustEndWhole(pulumi.all([stack.currentMaster, stack.bootstrapPassword ?? ""]));

/** The floating IP; where the service answers on it, and what. */
export const vip = stack.vip;
export const url = stack.url;
export const answers = stack.answers;
/** Which node has the VIP, as measured; all that have it; every node. */
export const currentMaster = stack.currentMaster;
export const vipHolders = stack.vipHolders;
export const nodes = stack.nodes;
/** For Rancher's first login; undefined with another workload. */
export const bootstrapPassword = stack.bootstrapPassword;
/** Each VIP, with its own holder, where several move by themselves; undefined with another workload. */
export const vips = stack.vips;
/** Seconds without a holder that the settings promise at most, after a crash and in a planned move. */
export const takeover = stack.takeover;
