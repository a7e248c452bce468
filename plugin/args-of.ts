import * as pulumi from "@pulumi/pulumi";
import type { MachineTemplate, StorageSource } from "../components";
import type { HaRancherArgs as WholeArgs } from "../workloads/rancher";
import type { HaRancherArgs, Machines, Storage } from "./args";

const kinds = ["host", "machine", "server"];
const nfsVersions = ["4.2", "3"];

/** What must be known before anything is made, by its name. */
const plain = ["id", "nodes", "machines", "hosts", "vip", "storage", "rancher"] as const;

/** What is wrong in what other languages can say, and the library's own types cannot. */
function mistakesOf(args: HaRancherArgs): string[] {
  const unknown = plain.filter((key) => pulumi.Output.isInstance(args[key]));
  if (unknown.length > 0)
    return unknown.map(
      (key) =>
        `\`${key}\` must be known before the program runs: what is in it may not come of a resource that is still to be made`,
    );
  const { storage, nfsVersion, machines } = args;
  return [
    ...(kinds.includes(storage.kind) ? [] : [`\`storage.kind\` must be one of ${kinds.join(", ")}`]),
    ...(storage.kind === "machine" && !machines
      ? ["`machines` is missing: `storage.kind` machine is made of it, too"]
      : []),
    ...(nfsVersion === undefined || nfsVersions.includes(nfsVersion)
      ? []
      : [`\`nfsVersion\` must be one of ${nfsVersions.join(", ")}`]),
  ];
}

const owner = (): string => `${pulumi.getProject()}/${pulumi.getStack()}`;

const templateOf = (machines: Machines): MachineTemplate =>
  ({ ...machines, owner: owner() }) as MachineTemplate;

function storageOf({ kind, address, directory, keepData }: Storage, machines?: Machines): StorageSource {
  if (kind === "server") return { kind, address, path: directory };
  if (kind === "machine" && machines) return { kind, address, directory, template: templateOf(machines) };
  return { kind: "host", address, directory, ...(keepData !== undefined && { keepData }) };
}

/**
 * The library's arguments, of those that another language gives.
 *
 * @throws pulumi.RunError with all mistakes that the library does not look for
 */
export function argsOf(name: string, args: HaRancherArgs): WholeArgs {
  const mistakes = mistakesOf(args);
  if (mistakes.length > 0)
    throw new pulumi.RunError(
      [
        `the arguments of ${name} have mistakes; nothing was made:`,
        ...mistakes.map((each) => `  - ${each}`),
      ].join("\n"),
    );
  const { machines, hosts, vip, advertInterval, virtualRouterId, storage, nfsVersion, ...others } = args;
  return {
    ...others,
    ...(machines && { machines: templateOf(machines) }),
    ...(hosts && { hosts: { ...hosts, owner: owner() } }),
    floatingIp: {
      vip,
      ...(advertInterval !== undefined && { advertInterval }),
      ...(virtualRouterId !== undefined && { virtualRouterId }),
    },
    storage: storageOf(storage, machines),
    ...(nfsVersion !== undefined && { nfsVersion: nfsVersion as "4.2" | "3" }),
  } as WholeArgs;
}
