import * as pulumi from "@pulumi/pulumi";
import { linkedProgram } from "../domain/node-set";
import { fileSystemId } from "../providers/nfs/kernel-exports";
import { nodeFile } from "../providers/remote/script";
import { setFiles } from "../providers/remote/set-files";
import type { Component } from "./component";
import type { Node } from "./node";
import {
  type Dependencies,
  fingerprint,
  lookAtUnits,
  type NodeFilesArgs,
  nodeCommand,
  nodePaths,
  reloadUnits,
} from "./on-node";

const unit = "ha-rancher-fencer.service";

/** The helper's command line: node/storage/fencer/service.py. */
const helper = (command: string): string =>
  `python3 -I -S -X pycache_prefix=/var/cache/ha-rancher ${linkedProgram("storage/fencer")} ${command}`;

/** What the helper is told: node/storage/fencer/configuration.py. */
function fencerConfiguration(id: string, directory: string, nodes: Record<string, string>): string {
  const fsid = { lease: fileSystemId(`${id} lease`), data: fileSystemId(`${id} data`) };
  const exportsFile = "/etc/exports.d/ha-rancher-fencer.exports";
  return `${JSON.stringify({ directory, nodes, fsid, exportsFile }, undefined, 2)}\n`;
}

/**
 * The files on a storage machine that fences, in the place of its exports: the helper makes those, without what it has
 * taken away. The lease directory and the data are two exports, so that a node which is cut off can still say that it is clean.
 */
export function fencerFiles(id: string, directory: string, nodes: Node[]): NodeFilesArgs {
  const addresses = pulumi.all(
    nodes.map(({ name, address }) => pulumi.output(address).apply((at) => [name, at])),
  );
  return {
    files: addresses.apply((all) => ({
      [`${nodePaths.config}/fence-helper.json`]: {
        content: fencerConfiguration(id, directory, Object.fromEntries(all)),
      },
      [`${nodePaths.units}/${unit}`]: { content: nodeFile(`units/${unit}`) },
    })),
    afterWrite: `${helper("apply")} && ${reloadUnits(unit)} && systemctl try-restart ${unit}`,
  };
}

/** Runs the helper, and starts it anew with each version of the programs. */
export function runFencer(machine: Node, component: Component, after: Dependencies): pulumi.Resource {
  return nodeCommand(
    "fencing",
    machine,
    component,
    {
      run: `sh -c 'systemctl enable ${unit} && systemctl restart ${unit}'`,
      changes: fingerprint(
        setFiles("current")
          .map(({ path }) => nodeFile(path))
          .join(""),
      ),
      look: `sh -c '${helper("look")}; ${lookAtUnits(unit)}'`,
    },
    after,
  );
}
