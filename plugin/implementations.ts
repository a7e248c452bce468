import type * as pulumi from "@pulumi/pulumi";
import { rollout } from "../providers/agent";
import { daemonSettings, imageArchive } from "../providers/docker";
import { host } from "../providers/host";
import { nfsExport } from "../providers/nfs";
import { password } from "../providers/password";
import { release } from "../providers/release";
import { files, kept, nodeSet } from "../providers/remote";
import { machine } from "../providers/vagrant";
import { configuration, keepalived, members } from "../providers/vip";

/** What does the work of each resource type, by its module and name. */
const implementations: Record<string, object> = {
  "agent:Rollout": rollout,
  "docker:DaemonSettings": daemonSettings,
  "docker:ImageArchive": imageArchive,
  "host:Host": host,
  "nfs:Export": nfsExport,
  "password:Password": password,
  "rancher:Release": release,
  "remote:Files": files,
  "remote:Kept": kept,
  "remote:NodeSet": nodeSet,
  "vagrant:Machine": machine,
  "vip:Configuration": configuration,
  "vip:Keepalived": keepalived,
  "vip:Members": members,
};

/** What does the work of `ha-rancher:MODULE:NAME`; undefined if there is no such type. */
export const implementationOf = (type: string): pulumi.dynamic.ResourceProvider | undefined =>
  implementations[type.replace(/^ha-rancher:/, "")] as pulumi.dynamic.ResourceProvider | undefined;
