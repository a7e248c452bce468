import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { MockResourceArgs } from "@pulumi/pulumi/runtime/mocks";
import { currentLab, type LabDescription } from "../../lab/description";
import type { Settings } from "../../settings";
import { choosePlace } from "../../workloads/from-settings/place";
import type { Stack } from "../../workloads/from-settings/stack";
import type { HaRancher } from "../../workloads/rancher";

/** A resource as the program registered it. */
export type Registered = MockResourceArgs;

/** What is installed on the mocked nodes. */
export const onNodes = { keepalived: "2.2.7" };

/** What each type's resources get as outputs beside their inputs. */
function computed(args: MockResourceArgs): Record<string, unknown> {
  switch (args.type) {
    case "pulumi-nodejs:dynamic/vagrant:Machine":
      return {
        state: "running",
        machineId: `id-of-${args.name}`,
        interface: "eth1",
        ssh: {
          // Nobody listens there: a lookup finds the node unreachable at once.
          host: "127.0.0.1",
          port: 1,
          user: "vagrant",
          privateKey: "the private key",
          keyFile: `/machines/${args.inputs.name}/id_ed25519`,
          hostKey: "ssh-ed25519 AAAA",
          knownHostsFile: `/machines/${args.inputs.name}/known_hosts`,
        },
      };
    case "pulumi-nodejs:dynamic/host:Host":
      return {
        interface: "ens3",
        system: "Debian GNU/Linux 12 (bookworm)",
        architecture: "amd64",
        ssh: {
          host: "127.0.0.1",
          port: 1,
          user: args.inputs.user,
          privateKey: "the private key",
          keyFile: args.inputs.keyFile ?? `${args.inputs.directory}/id`,
          hostKey: args.inputs.hostKey ?? "ssh-ed25519 AAAA",
          knownHostsFile: `${args.inputs.directory}/known_hosts`,
        },
      };
    case "pulumi-nodejs:dynamic/nfs:Export":
      return { path: "/ha-rancher-test", exportId: 1 };
    case "pulumi-nodejs:dynamic/password:Password":
      return { value: "a password" };
    case "pulumi-nodejs:dynamic/agent:Rollout":
      return { versions: Object.fromEntries(Object.keys(args.inputs.source).map((name) => [name, "1"])) };
    case "pulumi-nodejs:dynamic/vip:Keepalived":
      return { version: onNodes.keepalived };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: "sha256:1234", repoDigest: "x@sha256:1234" };
    case "command:remote:Command":
      return { stdout: "", stderr: "" };
    default:
      return {};
  }
}

/** Makes this process look like a Pulumi program in preview; gives the list that registrations go to. */
export async function mockPulumi(): Promise<Registered[]> {
  const registered: Registered[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        registered.push(args);
        return { id: `${args.name}-id`, state: { ...args.inputs, ...computed(args) } };
      },
      call: (args) => args.inputs,
    },
    stackName.project,
    stackName.stack,
    true,
  );
  return registered;
}

/** The name of the stack that the mocks pretend to run. */
export const stackName = { project: "ha-rancher", stack: "test" };

/** The whole program's component, made as index.ts makes it. */
export async function madeStack(settings: Settings, opts?: pulumi.ComponentResourceOptions): Promise<Stack> {
  const { makeStack } = await import("../../workloads/from-settings/stack.js");
  return makeStack(settings, choosePlace(settings, currentLab(), stackName.stack), stackName, opts);
}

/** The same with Rancher. */
export const haRancher = async (
  settings: Settings,
  opts?: pulumi.ComponentResourceOptions,
): Promise<HaRancher> => (await madeStack(settings, opts)) as HaRancher;

/**
 * Waits for an output's value, and until the program has registered all its resources: a preview looks at the nodes at once,
 * and which of the two is over first depends on the version of Node.
 */
export async function resolved<T>(output: pulumi.Output<T>): Promise<T> {
  const value = await new Promise<T>((resolve) => void output.apply(resolve));
  // What Pulumi itself waits for at the end of a program; its types leave it out.
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  return value;
}

export const lab: LabDescription = {
  name: "mock",
  home: "/lab",
  namespace: "ha-rancher-mock",
  accelerator: "tcg",
  libvirtUri: "qemu:///system?socket=/lab/sock",
  box: { name: "ha-rancher/node", version: "1.0.0" },
  managementNetwork: { name: "management", cidr: "192.168.121.0/24" },
  privateNetwork: { name: "private", cidr: "192.168.56.0/24", hostAddress: "192.168.56.1" },
  image: "ha-rancher/rancher-stand-in:1",
  nfs: {
    address: "192.168.56.1",
    exportsDirectory: "/lab/exports",
    exportsIndex: "/lab/exports.conf",
    pidFile: "/lab/ganesha.pid",
    dataDirectory: "/lab/shared",
  },
};

/** Names the mock lab in the environment, as `ha-rancher shell` does. */
export function enterMockLab(): void {
  const folder = mkdtempSync(join(tmpdir(), "ha-rancher-mock-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const file = join(folder, "lab.json");
  writeFileSync(file, JSON.stringify(lab));
  process.env.HA_RANCHER_LAB = file;
}
