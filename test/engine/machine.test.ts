import { describe, it } from "node:test";
import { brokenMakings, interruptedMakings } from "./machine-failures";
import { lifeOfTwoMachines } from "./machine-life";

/** Each scenario has a stack, a fake hypervisor and loopback addresses of its own. */
describe("vagrant.Machine with the real Pulumi CLI", { concurrency: 3, timeout: 1_800_000 }, () => {
  it("life of two machines", lifeOfTwoMachines);
  it("makings that fail", brokenMakings);
  it("makings that are interrupted", interruptedMakings);
});
