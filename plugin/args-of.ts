import * as pulumi from "@pulumi/pulumi";
import type { MachineTemplate, StorageSource } from "../components";
import { sentenceOf } from "../domain/mistake";
import {
  loginMistakes,
  mailSecurity,
  type NotifyPlan,
  noticeDefaults,
  noticeFormats,
  tellsAnybody,
} from "../domain/notify";
import type { HaRancherArgs as WholeArgs } from "../workloads/rancher";
import type { HaRancherArgs, Machines, Notify, Storage } from "./args";

const kinds = ["host", "machine", "server"];
const nfsVersions = ["4.2", "3"];

/** What must be known before anything is made, by its name. */
const plain = ["id", "nodes", "machines", "hosts", "vip", "storage", "rancher", "notify"] as const;

/** What is wrong in what other languages can say, and the library's own types cannot. */
function mistakesOf(args: HaRancherArgs): string[] {
  const unknown = plain.filter((key) => pulumi.Output.isInstance(args[key]));
  if (unknown.length > 0)
    return unknown.map(
      (key) =>
        `\`${key}\` must be known before the program runs: what is in it may not come of a resource that is still to be made`,
    );
  const { storage, nfsVersion, machines, notify } = args;
  return [
    ...(kinds.includes(storage.kind) ? [] : [`\`storage.kind\` must be one of ${kinds.join(", ")}`]),
    ...(storage.kind === "machine" && !machines
      ? ["`machines` is missing: `storage.kind` machine is made of it, too"]
      : []),
    ...(nfsVersion === undefined || nfsVersions.includes(nfsVersion)
      ? []
      : [`\`nfsVersion\` must be one of ${nfsVersions.join(", ")}`]),
    ...notifyMistakes(planOf(notify)),
  ];
}

/** Formats and the like may be any text there. */
const planOf = ({ webhooks = [], mail, command }: Notify = {}): NotifyPlan =>
  ({
    webhooks: webhooks.map((webhook) => ({ format: noticeDefaults.format, ...webhook })),
    ...(mail && { mail: { port: noticeDefaults.port, tls: noticeDefaults.tls, ...mail } }),
    ...(command && { command }),
  }) as NotifyPlan;

function notifyMistakes(plan: NotifyPlan): string[] {
  const { webhooks, mail, command } = plan;
  const formats = webhooks.flatMap(({ format }, i) =>
    noticeFormats.includes(format)
      ? []
      : [`\`notify.webhooks[${i}].format\` must be one of ${noticeFormats.join(", ")}`],
  );
  return [
    ...formats,
    ...(!mail || mailSecurity.includes(mail.tls)
      ? []
      : [`\`notify.mail.tls\` must be one of ${mailSecurity.join(", ")}`]),
    ...(!command || command[0]?.startsWith("/")
      ? []
      : ["`notify.command` must begin with the absolute path of a program"]),
    ...loginMistakes(plan).map(sentenceOf),
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
  const { machines, hosts, vip, advertInterval, virtualRouterId, storage, nfsVersion, notify, ...others } =
    args;
  const plan = planOf(notify);
  return {
    ...others,
    ...(tellsAnybody(plan) && { notify: plan as WholeArgs["notify"] }),
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
