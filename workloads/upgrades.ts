import type { Upgrades } from "../domain/upgrades";
import { rancherUpgrades } from "./rancher/versions";

/** What of a stack says which versions may follow which. */
interface Upgraded {
  workload: "rancher" | "container" | "address";
  memoryFloor?: number | undefined;
}

/** What is known of upgrades of a stack's image. Of a container of one's own nothing is: any version may follow. */
export const upgradesOf = ({ workload, memoryFloor }: Upgraded, image: string): Upgrades =>
  workload === "rancher" ? rancherUpgrades(image, memoryFloor) : { lines: [], traps: [] };
