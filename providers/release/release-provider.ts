import { isDeepStrictEqual } from "node:util";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Cause, withLikelyCause } from "../../domain/causes";
import type { Upgrades } from "../../domain/upgrades";
import { messageOf } from "../../local/errors";
import type { SshEndpoint } from "../remote/endpoint";
import { partialFailure } from "../shim";
import type { Migration } from "../stored";
import { checkInputs } from "../validation";
import { healthTrouble } from "./health";
import { downgrades, upgradeTrouble } from "./next-image";
import { isUnfinished, look, parseTakenBack, runReleaseScript } from "./scripts";
import { UpgradeFailed } from "./trial";
import { upgrade } from "./upgrade";
import type { UpgradeWorld } from "./upgrade-world";

/** A Release's checked inputs. */
export interface ReleaseInputs {
  endpoints: Record<string, SshEndpoint>;
  container: string;
  image: string;
  companionImages: Record<string, string>;
  title: string;
  url: string;
  healthPath: string;
  /** Empty: any of 200 to 299. */
  healthStatus: number[];
  causes: Cause[];
  startDeadline: number;
  upgrades?: Upgrades;
  allowDowngrade: boolean;
  /** Empty: no container's. */
  discardWritesOf: string;
}

/** What makes another release. What is only asked before one, `upgrades`, does not. */
const inputNames = [
  "endpoints",
  "container",
  "image",
  "companionImages",
  "title",
  "url",
  "healthPath",
  "healthStatus",
  "causes",
  "startDeadline",
  "allowDowngrade",
  "discardWritesOf",
] as const;

const schema = z.looseObject({
  container: z
    .string("must be a container's name")
    .regex(/^[A-Za-z0-9][\w.-]+$/, "must be a container's name"),
  image: z.string("must be an image's name"),
  url: z
    .string("must be a URL")
    .regex(/^(https?|tcp):\/\//, "must be a URL that begins with https://, http:// or tcp://"),
  healthPath: z.string("must be a path").regex(/^(\/|$)/, "must be a path that begins with /, or empty"),
  startDeadline: z.number("must be a number of seconds").positive("must be more than 0 seconds"),
});

/** Milliseconds in which a standby's agent must find its node fit after a start: slow machines need half a minute. */
const readyLimit = 120_000;
const interval = 1_000;

function endpointOf({ endpoints }: ReleaseInputs, name: string): SshEndpoint {
  const ssh = endpoints[name];
  if (!ssh) throw new Error(`\`endpoints\` does not name ${name}`);
  return ssh;
}

function worldOf(inputs: ReleaseInputs): UpgradeWorld {
  const on = (name: string, script: Parameters<typeof runReleaseScript>[1], ...args: string[]) =>
    runReleaseScript(endpointOf(inputs, name), script, args).catch((error: Error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  return {
    look: (name) => look(endpointOf(inputs, name)),
    point: async (name, container) => void (await on(name, "point", container)),
    name: async (name, container) => void (await on(name, "name", container)),
    halt: async (name, former) => void (await on(name, "halt", former)),
    takeBack: async (name, container, discarded) =>
      parseTakenBack(await on(name, "take-back", container, ...(discarded ? [discarded] : []))),
    trouble: () => healthTrouble(inputs.url, { path: inputs.healthPath, status: inputs.healthStatus }),
    lastWords: async (name) => withLikelyCause(await on(name, "last-words"), inputs.causes),
    // Pulumi shows the output of a provider.
    say: (line) => console.log(`${inputs.title}: ${line}`),
  };
}

async function converge(olds: Partial<ReleaseInputs>, inputs: ReleaseInputs): Promise<ReleaseInputs> {
  const limits = { start: inputs.startDeadline * 1000, ready: readyLimit, interval };
  const { container: wanted, allowDowngrade, discardWritesOf: discarded } = inputs;
  const names = Object.keys(inputs.endpoints);
  const isStored = olds.container === wanted;
  await upgrade({ names, wanted, allowDowngrade, discarded, isStored }, worldOf(inputs), limits);
  return inputs;
}

/** The service that a container is one of: `rancher` of `rancher-1a2b3c4d`; undefined if the name is not known, or no such name. */
const serviceOf = (container: string | undefined): string | undefined =>
  /^(.+)-[0-9a-f]{8}$/.exec(container ?? "")?.[1];

/** What versions before this one wrote where no status was said: of a page, and of a page of one's own. */
const formerStatuses = ["[200]", "[200,201,202,203,204,205,206]"];

/**
 * Outputs of versions that knew Rancher alone, and of the next ones, which could not give up a container's writes; then of
 * those which wrote the statuses that nobody had said, and knew one container alone.
 */
export const migrations: Migration[] = [
  (outputs) => ({
    ...{ title: "Rancher", healthPath: "/healthz", healthStatus: [200], causes: [], discardWritesOf: "" },
    ...outputs,
  }),
  ({ healthStatus, ...outputs }) => ({
    companionImages: {},
    ...outputs,
    healthStatus: formerStatuses.includes(JSON.stringify(healthStatus)) ? [] : healthStatus,
  }),
];

/** The provider of {@link Release}: see there for what it does. */
export const release = {
  async check(
    olds: Partial<ReleaseInputs>,
    news: Partial<ReleaseInputs>,
  ): Promise<pulumi.dynamic.CheckResult> {
    const checked = checkInputs(schema, news);
    const { container, allowDowngrade, discardWritesOf } = news;
    const isUndone = discardWritesOf !== undefined && discardWritesOf === olds.container;
    const older = allowDowngrade || isUndone ? [] : downgrades(olds, news);
    checked.failures?.push(...older);
    if (older.length === 0 && !isUndone) {
      const reason = await upgradeTrouble(olds, news);
      if (reason !== undefined) checked.failures?.push({ property: "image", reason });
    }
    const [former, next] = [olds.container, container].map(serviceOf);
    if (former !== undefined && next !== undefined && former !== next)
      checked.failures?.push({
        property: "container",
        reason:
          `\`container\` must not become one of ${next}: the stack runs ${former}, and the shared data is that service's. ` +
          "Make another stack for the other service; or make a backup, remove this one, and begin anew",
      });
    if (discardWritesOf && discardWritesOf === container)
      checked.failures?.push({
        property: "discardWritesOf",
        reason: `\`discardWritesOf\` must not name ${container}, which is the container that these settings make: take the setting out`,
      });
    return checked;
  },

  /**
   * No change replaces a release: nodes that have the wanted container are left alone. If an `up` was killed in the middle
   * of an upgrade and the settings were set back, all inputs are as before, and yet there is an upgrade to end: the nodes
   * know.
   */
  async diff(_id: string, olds: ReleaseInputs, news: ReleaseInputs): Promise<pulumi.dynamic.DiffResult> {
    const isOther = inputNames.some((name) => !isDeepStrictEqual(olds[name], news[name]));
    return { changes: isOther || (await isUnfinished(olds.endpoints)), replaces: [] };
  },

  async create(inputs: ReleaseInputs): Promise<pulumi.dynamic.CreateResult<ReleaseInputs>> {
    return { id: inputs.url, outs: await converge({}, inputs) };
  },

  /** A node that runs another container, or was left in the middle of an upgrade, is drift. */
  async read(id: string, props: ReleaseInputs): Promise<pulumi.dynamic.ReadResult> {
    // If a node does not answer, the other nodes' answers count.
    const looks = await Promise.all(
      Object.values(props.endpoints).map((ssh) => look(ssh).catch(() => undefined)),
    );
    const other =
      looks.find((each) => each?.kept !== undefined) ??
      looks.find((each) => each && each.container !== props.container);
    // A value that no settings can have.
    const instead = other?.kept === undefined ? other?.container || "none" : "unfinished";
    const container = other ? instead : props.container;
    const found = { ...props, container };
    const inputs = Object.fromEntries(inputNames.map((key) => [key, found[key]]));
    return { id, props: found, inputs };
  },

  async update(
    id: string,
    olds: ReleaseInputs,
    news: ReleaseInputs,
  ): Promise<pulumi.dynamic.UpdateResult<ReleaseInputs>> {
    try {
      return { outs: await converge(olds, news) };
    } catch (error) {
      const outcome = error instanceof UpgradeFailed ? error.outcome : "old";
      // What the nodes run now, and how old its datastore may be, is what the next `up` compares with; it looks at them
      // again, whatever it wants.
      if (outcome === "new") throw partialFailure(error, id, news);
      if (outcome === "mixed") throw partialFailure(error, id, olds);
      // A plain error: a subclass loses its message in serialization.
      throw new Error(messageOf(error));
    }
  },

  /** Agents and containers have resources of their own. */
  async delete(): Promise<void> {},
};
