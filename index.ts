import "./local/pulumi/plain-traces";
import * as pulumi from "@pulumi/pulumi";
import { currentLab } from "./lab/description";
import { mustEndWhole } from "./local/pulumi/whole-program";
import { assertFresh, StaleProgram } from "./local/toolchain/freshness";
import { ownSettings, parseSettings, SettingsError, settingNames } from "./settings";
import { choosePlace } from "./workloads/from-settings/place";
import { HaRancher } from "./workloads/rancher";
import { rancherArgs } from "./workloads/rancher/from-settings";

/** Whether an error is the user's to correct: its message says all there is to know, and a stack trace would hide it. */
const isForUsers = (error: unknown): error is Error =>
  error instanceof SettingsError || error instanceof StaleProgram;

function makeStack(): HaRancher {
  const name = { project: pulumi.getProject(), stack: pulumi.getStack() };
  try {
    assertFresh();
    const { own, mistakes } = ownSettings(pulumi.runtime.allConfig(), settingNames);
    const settings = parseSettings(own, { mistakes });
    const place = choosePlace(settings, currentLab(), name.stack);
    return new HaRancher("ha-rancher", rancherArgs(settings, place, name));
  } catch (error) {
    throw isForUsers(error) ? new pulumi.RunError(error.message) : error;
  }
}

const stack = makeStack();
mustEndWhole(pulumi.all([stack.currentMaster, stack.bootstrapPassword]));

/** The floating IP, and where Rancher answers on it. */
export const vip = stack.vip;
export const url = stack.url;
/** Which node has the VIP, as measured; all that have it; every node. */
export const currentMaster = stack.currentMaster;
export const vipHolders = stack.vipHolders;
export const nodes = stack.nodes;
/** For Rancher's first login. */
export const bootstrapPassword = stack.bootstrapPassword;
/** Seconds without a holder that the settings promise at most, after a crash and in a planned move. */
export const takeover = stack.takeover;
