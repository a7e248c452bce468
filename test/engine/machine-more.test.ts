import { describe, it } from "node:test";
import { adoption } from "./machine-adopt";
import { changes } from "./machine-changes";
import { example } from "./machine-example";
import { everyStep, killedPulumi } from "./machine-steps";
import { oneAtATime, twoStacks } from "./machine-together";

/** Each scenario has stacks, a fake hypervisor and loopback addresses of its own. */
describe("vagrant.Machine, further", { concurrency: 3, timeout: 1_800_000 }, () => {
  it("each step of a making fails", everyStep);
  it("Pulumi is killed", killedPulumi);
  it("two stacks at once", twoStacks);
  it("twenty machines, one boot at a time", oneAtATime);
  it("adoption", adoption);
  it("changes", changes);
  it("the example", example);
});
