import { inputsOf, type MachineInputs } from "../../providers/vagrant/inputs";
import type { Identity } from "../../providers/vagrant/vagrantfile";

/** The inputs of a machine on libvirt, with all defaults. */
export const machineInputs = (changes: Partial<MachineInputs> = {}): MachineInputs =>
  inputsOf({
    name: "node-one",
    directory: "/machines/node-one",
    box: "lab/debian",
    boxVersion: "1.0",
    hypervisor: "libvirt",
    memory: 1024,
    networks: [{ type: "private", address: "192.168.56.11/24", name: "private" }],
    owner: "project/stack/one",
    ...changes,
  });

export const identity: Identity = {
  prefix: "ha-rancher-12345678-",
  uuid: "12345678-0000-4000-8000-000000000000",
  keyFiles: ["/machines/node-one/id_ed25519"],
  publicKey: "ssh-ed25519 AAAA node-one",
  keepKeys: false,
  ports: [],
};
