import type * as pulumi from "@pulumi/pulumi";
import type { Workload } from "ha-rancher/components";

/** What this workload is made from. */
export interface RedisArgs {
  /** Such as `redis:7.0.15`; another one is an upgrade. */
  image: string;
  /** Letters and digits. */
  password: pulumi.Input<string>;
  /** On the VIP and the nodes; default 6379. */
  port?: number;
}

const start = [
  'echo "requirepass $REDISCLI_AUTH" >/run/redis.conf',
  'exec docker-entrypoint.sh redis-server /run/redis.conf --appendonly yes --appendfsync always --save ""',
].join(" && ");

/** Redis that acknowledges what is on the disk. */
export function redisWorkload(
  { image, password, port = 6379 }: RedisArgs,
  { vip, dataDirectory }: { vip: string; dataDirectory: string },
): Workload {
  return {
    title: "Redis",
    name: "redis",
    container: {
      image,
      command: ["sh", "-c", start],
      ports: [{ internal: 6379, external: port }],
      mounts: [{ type: "bind", source: dataDirectory, target: "/data" }],
      mountsAllData: true,
      health: [{ tcp: `127.0.0.1:${port}` }, { command: ["redis-cli", "-e", "ping"], deep: true }],
    },
    secretEnvironment: { REDISCLI_AUTH: password },
    datastore: "appendonlydir",
    url: `tcp://${vip}:${port}`,
    answers: { path: "" },
    healthy: { path: "" },
    startDeadline: 60,
    stopGrace: 15,
    causes: [
      {
        pattern: "Bad file format reading the append only file",
        meaning: "the data is damaged: `npm run restore` brings a backup back",
      },
    ],
  };
}
