import { homedir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { debianBox, type HypervisorName, Machine } from "ha-rancher/providers/vagrant";

/*
 * A single machine with a web server on it. `pulumi up` makes it, `pulumi destroy` leaves nothing behind; in between,
 * change `memory` (it restarts) or the script (it runs again), halt it by hand and run `pulumi up --refresh`.
 */

const config = new pulumi.Config();
const box = config.get("box");

const web = new Machine("web", {
  name: "web",
  directory: join(config.get("directory") ?? join(homedir(), "machines"), pulumi.getStack(), "web"),
  hypervisor: config.require<HypervisorName>("hypervisor"),
  ...(box ? { box, boxVersion: config.require("boxVersion") } : debianBox()),
  cpus: 1,
  memory: config.requireNumber("memory"),
  networks: [{ type: "private", address: config.get("address") ?? "192.168.56.20/24" }],
  sshPort: config.getNumber("sshPort"),
  provision: [
    {
      name: "web-server",
      script: "set -e\nmkdir -p /srv/web\necho 'Made by Pulumi' > /srv/web/index.html\n",
    },
  ],
  timeouts: { boot: 300 },
});

export const address = web.address;
// The endpoint is secret, since the key is in it; how to use it is not.
export const ssh = pulumi.unsecret(
  web.ssh.apply(
    ({ user, host, port, keyFile, knownHostsFile }) =>
      `ssh -i ${keyFile} -o UserKnownHostsFile=${knownHostsFile} -p ${port} ${user}@${host}`,
  ),
);
