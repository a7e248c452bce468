import * as pulumi from "@pulumi/pulumi";
import type { SshEndpoint } from "../remote/endpoint";
import { Resource } from "../resource";
import { shim } from "../shim";
import type { MachineArgs } from "./args";
import type { ForwardedPort } from "./vagrantfile-network";

const provider = shim("ha-rancher/providers/vagrant", "machine");

const asSecret = (value: unknown): pulumi.Output<unknown> | undefined =>
  value === undefined ? undefined : pulumi.secret(value);

/**
 * A virtual machine made with Vagrant: one resource, one folder, one generated Vagrantfile.
 *
 * Each changed input causes the least that applies it: nothing (`timeouts`), a script (`provision`), a restart (`cpus`,
 * `memory`) or a new machine (`box`, `networks`); see `verbs.ts` and docs/machines.md. If a machine was halted or
 * deleted by hand, the next `up` starts it or makes it again.
 */
export class Machine extends Resource {
  static readonly __pulumiType = "pulumi-nodejs:dynamic/vagrant:Machine";

  /** `running`, or another state such as `shutoff`, which the next `up` repairs. */
  declare readonly state: pulumi.Output<string>;
  /** The hypervisor's id of the machine; on libvirt the domain's UUID. */
  declare readonly machineId: pulumi.Output<string>;
  /**
   * How to log in, with this machine's own key and its pinned host key: at its first static address, or else at the
   * address that Vagrant itself uses. Secret as a whole.
   */
  declare readonly ssh: pulumi.Output<SshEndpoint>;
  /** Where `ssh` goes: an IPv4 address or a host's name. */
  declare readonly address: pulumi.Output<string>;
  /** The network interface that carries the static address, as found on the machine; empty if it has none. */
  declare readonly interface: pulumi.Output<string>;
  /**
   * The ports of this host that are forwarded to the machine: first its SSH port, if it has one, then those of `ports`.
   */
  declare readonly forwardedPorts: pulumi.Output<ForwardedPort[]>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
    const props = {
      ...args,
      sshPrivateKey: asSecret(args.sshPrivateKey),
      environment: asSecret(args.environment),
      owner: args.owner ?? `${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
      state: undefined,
      machineId: undefined,
      ssh: undefined,
      address: undefined,
      interface: undefined,
      forwardedPorts: undefined,
    };
    const ours = { additionalSecretOutputs: ["ssh", "environment"], deleteBeforeReplace: true };
    super(provider, name, props, pulumi.mergeOptions(ours, opts), "vagrant", "Machine");
  }
}
