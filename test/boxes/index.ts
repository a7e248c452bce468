import { join } from "node:path";
import { buildSystem, type Variant } from "../../lab/box";
import { packageRoot } from "../../local/root";

/*
 * Systems as users have them, built from Debian's packages with nothing of this project's in them.
 */

const folder = (name: string): string => join(packageRoot, "test", "boxes", name);

/** Like the box debian/bookworm64: ifupdown, the user `vagrant`, none of the node's packages. A box for vagrant-libvirt. */
export const vagrantDebian: Variant = { folder: folder("vagrant-debian"), gibibytes: 10, form: "box" };

/** Like Debian's image for clouds: cloud-init, netplan, unattended-upgrades, nobody who can log in. A qcow2 disk. */
export const cloudImage: Variant = { folder: folder("cloud-image"), gibibytes: 3, form: "disk" };

/**
 * A host in use: NetworkManager, Docker with a container and settings of its own, a firewall that drops, SSH on port 2222, sudo that
 * wants a terminal. A qcow2 disk.
 */
export const busyHost: Variant = { folder: folder("busy-host"), gibibytes: 6, form: "disk" };

export { buildSystem };
