import { rollout } from "../../../providers/agent/rollout-provider";
import { daemonSettings } from "../../../providers/docker/daemon-settings-provider";
import { imageArchive } from "../../../providers/docker/image-archive-provider";
import { nfsExport } from "../../../providers/nfs/export-provider";
import { release } from "../../../providers/release/release-provider";
import { files } from "../../../providers/remote/files-provider";
import { kept } from "../../../providers/remote/kept-provider";
import { nodeSet } from "../../../providers/remote/set-provider";
import { configuration } from "../../../providers/vip/configuration-provider";
import { keepalived } from "../../../providers/vip/keepalived-provider";
import { members } from "../../../providers/vip/members-provider";

/*
 * Loaded before the process of the dynamic providers: what they would do on nodes and with the NFS server is done on paper.
 * `check` and `diff` are the real ones, and so are machines and passwords. A stack is made in seconds that has the state of a
 * real one.
 */

type Properties = Record<string, unknown>;

/** Outputs of each provider that are no inputs of it. */
const outputs: readonly (readonly [provider: object, more: (inputs: Properties) => Properties])[] = [
  [
    rollout,
    ({ source }) => ({
      versions: Object.fromEntries(Object.keys(source as object).map((name) => [name, "v1"])),
    }),
  ],
  [daemonSettings, () => ({ added: {}, addedLiveRestore: false })],
  [imageArchive, () => ({ imageId: "sha256:of-paper" })],
  [nfsExport, ({ directory }) => ({ path: directory, exportId: 1 })],
  [release, () => ({})],
  [files, () => ({ unfinished: false, retired: [] })],
  [kept, () => ({})],
  [nodeSet, () => ({})],
  [keepalived, () => ({ version: "2.2.7", installed: [] })],
  [configuration, () => ({ faults: {} })],
  [members, () => ({})],
];

for (const [provider, more] of outputs)
  Object.assign(provider, {
    create: async (inputs: Properties) => ({ id: "of-paper", outs: { ...inputs, ...more(inputs) } }),
    read: async (id: string, props: Properties) => ({ id, props }),
    update: async (_id: string, _olds: Properties, news: Properties) => ({
      outs: { ...news, ...more(news) },
    }),
    delete: async () => {},
  });
