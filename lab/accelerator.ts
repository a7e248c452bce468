import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJson, writeAtomically } from "../local/files";
import { cacheHome } from "../local/paths";
import { RunError, tryRun } from "../local/run";
import type { Say } from "./layout";
import { bootId } from "./process";

export type Accelerator = "kvm" | "tcg";

/**
 * A boot sector that counts down from 50 million and then writes 0x10 to port 0xf4, where QEMU's isa-debug-exit ends
 * QEMU with code 0x10 * 2 + 1. A processor takes 0.05 s for it; a /dev/kvm that only interprets takes minutes.
 */
function bootSector(): Buffer {
  const sector = Buffer.alloc(512);
  sector.set([
    ...[0x66, 0xb9, 0x80, 0xf0, 0xfa, 0x02], // mov ecx, 50000000
    ...[0x66, 0x49], // dec ecx
    ...[0x75, 0xfc], // jnz to the line before
    ...[0xb0, 0x10, 0xe6, 0xf4], // mov al, 0x10; out 0xf4, al
    ...[0xf4, 0xeb, 0xfd], // hlt; jmp to it
  ]);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** Whether a guest really runs with an accelerator: boots one that reports it. This takes at most 4 s. */
export async function executes(accelerator: Accelerator): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "ha-rancher-kvm-"));
  try {
    const disk = join(folder, "disk");
    await writeFile(disk, bootSector());
    const args = [
      ...["-accel", accelerator, "-machine", "pc", "-nodefaults", "-display", "none", "-no-reboot"],
      ...["-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
      ...["-drive", `file=${disk},format=raw,if=ide,snapshot=on`],
    ];
    const { code } = await tryRun("qemu-system-x86_64", args, { timeout: 4_000 });
    return code === 0x10 * 2 + 1;
  } catch (error) {
    if (error instanceof RunError) return false;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const memo = (): string => join(cacheHome(), "accelerator.json");

/** Forgets the result, so that the next lab tries again. */
export const forgetAccelerator = (): Promise<void> => rm(memo(), { force: true });

/**
 * What QEMU can use on this machine: hardware (kvm) if a guest really runs with it, else software emulation. This is
 * tested once per boot of the machine.
 */
export async function findAccelerator(say: Say): Promise<Accelerator> {
  const known = await readJson<{ bootId: string; accelerator: Accelerator }>(memo());
  if (known?.bootId === bootId()) return known.accelerator;
  const accelerator = (await executes("kvm")) ? "kvm" : "tcg";
  say(
    accelerator === "kvm" ? "KVM works here" : "KVM does not work here: machines run in software emulation",
  );
  await writeAtomically(memo(), JSON.stringify({ bootId: bootId(), accelerator }));
  return accelerator;
}
