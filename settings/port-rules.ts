import { type Mistake, mistake } from "../domain/mistake";
import type { Rule } from "./values";

/* Ports that a node needs itself: the service on them would take them from it, or never start. */

interface PortsGiven {
  httpsPort: number;
  httpPort?: number | undefined;
  container?: { ports: { published: number; protocol: string }[] } | undefined;
  nfsVersion: string;
  nodes: { host?: { port: number } | undefined }[];
}

const ofNodes: Record<number, string> = { 22: "SSH", 53: "the nodes' resolver" };
/** What NFS before version 4 needs on its clients. */
const ofNfs3: Record<number, string> = { 111: "rpcbind" };

function portMistakes(path: string, port: number | undefined, given: PortsGiven): Mistake[] {
  if (port === undefined) return [];
  const login = given.nodes.findIndex(({ host }) => host?.port === port);
  const user =
    ofNodes[port] ??
    (given.nfsVersion === "3" ? ofNfs3[port] : undefined) ??
    (login < 0 ? undefined : `SSH (\`nodes[${login}].host.port\`)`);
  return user ? [mistake(path, `(${port}) is the port of ${user} on the nodes`, "choose another")] : [];
}

export const portRules: Rule<PortsGiven>[] = [
  ...(["httpsPort", "httpPort"] as const).map((path) => ({
    of: [path, "nfsVersion", "nodes[].host.port"],
    check: (given: PortsGiven) => portMistakes(path, given[path], given),
  })),
  {
    of: ["container.ports[]", "nfsVersion", "nodes[].host.port"],
    each: true,
    check: (given) =>
      (given.container?.ports ?? []).flatMap(({ published }, i) =>
        portMistakes(`container.ports[${i}].published`, published, given),
      ),
  },
];
