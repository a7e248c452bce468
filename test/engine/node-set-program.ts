import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Files, NodeSet, type SshEndpoint } from "ha-rancher/providers/remote";

/** What node.json says: the node, a folder on it, and whether this is the program as it was before there were sets. */
const { ssh, folder, owner, former } = JSON.parse(readFileSync(join(process.cwd(), "node.json"), "utf8")) as {
  ssh: SshEndpoint;
  folder: string;
  owner: string;
  former: boolean;
};

class Software extends pulumi.ComponentResource {
  constructor(name: string, opts?: pulumi.ComponentResourceOptions) {
    super("test:Software", name, {}, opts);
    const conf = { [`${folder}/guard.conf`]: { content: "NODE=one\n", mode: "0600", owner } };
    if (former) {
      const guard = { content: "#!/usr/bin/env bash\nread -r _\n", mode: "0755", owner };
      new Files(
        "one-software-files",
        { ssh, files: { ...conf, [`${folder}/programs/guard`]: guard } },
        { parent: this },
      );
      return;
    }
    const aliases = [{ name: "one-software-files", type: "pulumi-nodejs:dynamic/remote:Files" }];
    const set = new NodeSet("software-one-programs", { ssh }, { parent: this, aliases });
    new Files("software-one-guard-files", { ssh, files: conf }, { parent: this, dependsOn: [set] });
  }
}

new Software(former ? "former" : "software", { aliases: [{ name: "former" }] });
