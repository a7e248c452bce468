import type { FakeHypervisor, StepName } from "./fake-hypervisor";
import { sleep, VagrantError } from "./fake-output";
import type { Wishes } from "./fake-vagrantfile";

/* What machines of libvirt share, as vagrant-libvirt makes it: with nothing that keeps two processes apart. */

/** Comes to a step, at which something may go wrong. */
type Reach = (name: string, step: StepName) => Promise<boolean>;

/** Two that find it missing at the same time both make it: Vagrant only keeps machines of one process apart. */
export async function makeNetworks(hypervisor: FakeHypervisor, wishes: Wishes, reach: Reach): Promise<void> {
  await reach(wishes.name, "networks");
  const missing = ["vagrant-libvirt", ...wishes.networks].filter(
    (name) => !hypervisor.shared().networks.includes(name),
  );
  if (missing.length > 0) await sleep(200);
  for (const name of missing) {
    const { networks } = hypervisor.shared();
    if (networks.includes(name))
      throw new VagrantError(
        "VagrantPlugins::ProviderLibvirt::Errors::CreateNetworkError",
        `operation failed: network '${name}' already exists with uuid 1234`,
      );
    hypervisor.event(`network ${name}`);
    hypervisor.share({ networks: [...networks, name] });
  }
}

/** A volume that another is making just now is taken for whole, as Vagrant does. */
export async function makeVolume(
  hypervisor: FakeHypervisor,
  { name, box, boxVersion }: Wishes,
  reach: Reach,
): Promise<void> {
  const volume = `${box.replace(/\//g, "-VAGRANTSLASH-")}_vagrant_box_image_${boxVersion}_box.img`;
  const { volumes } = hypervisor.shared();
  if (volume in volumes) {
    if (volumes[volume]) return;
    throw new VagrantError("Vagrant::Errors::VMBootTimeout", `the guest of ${name} panicked: half a disk`);
  }
  hypervisor.share({ volumes: { ...volumes, [volume]: false } });
  hypervisor.event(`uploads ${volume}`);
  await reach(name, "upload");
  await sleep(200);
  hypervisor.share({ volumes: { ...hypervisor.shared().volumes, [volume]: true } });
}
