import { hasDigest, parseImage } from "../../domain/image";
import { type Context, check, known, levels, ofType, type Rule, types } from "../../policy/rule";
import type { MachineInputs } from "../../providers/vagrant/inputs";

interface Container {
  name: string;
  privileged: boolean;
  restart: string;
  start: boolean;
  mustRun: boolean;
}

/** Begins the container's name on every node; what follows tells one make of it from another. */
const rancher = "rancher";

/** Whether a container is the one of that name, or a make of it: `rancher-1a2b3c4d` (components/container-plan.ts). */
const isNamed = (name: unknown, wanted: string): boolean =>
  String(name).replace(/-[0-9a-f]{8}$/, "") === wanted;

/** Whether a container is what the agents run: by the label that all of those have, or by Rancher's name. */
const isService = (props: object): boolean => {
  const { name, labels = [] } = props as { name?: string; labels?: { label: string }[] };
  return (
    isNamed(
      known(() => name),
      rancher,
    ) ||
    (known(() => labels.some(({ label }) => label === "ha-rancher.image")) ?? false)
  );
};

const imagePinned: Rule = {
  name: "image-pinned",
  reason: "A tag that moves upgrades the datastore at the next failover, and there is no way back.",
  remedy: "Name the image with a version's tag or a digest.",
  severity: "high",
  beyond:
    "The settings refuse `latest` and no tag, and take `stable` and a tag without a digest. Arguments and images of your own may be anything.",
  levels: levels("mandatory"),
  config: {
    digest: {
      type: "boolean",
      description: "Whether the image must have a digest, too: a tag can be pushed anew.",
      default: false,
    },
  },
  resources: {
    [types.image]: check<{ name: string }>(({ name }, { config }) => {
      if (!name) return [];
      const digest = hasDigest(name);
      const { tag } = parseImage(name);
      if (config.digest && !digest) return [`The image ${name} has no digest`];
      if (digest) return [];
      if (!tag) return [`The image ${name} has no tag, which stands for \`latest\``];
      return /^(latest|stable|head|main|master|edge)$/i.test(tag)
        ? [`The image ${name} has a tag that moves`]
        : [];
    }),
  },
};

const privilegedOnlyRancher: Rule = {
  name: "privileged-only-rancher",
  reason:
    "A privileged container is root on its node; Rancher refuses to start without, nothing else has a claim to it.",
  remedy: "Remove `privileged`, or name the container in `allowed` of this rule.",
  severity: "high",
  beyond: "The settings have `container.privileged`, and take it. So do the arguments of a service.",
  levels: levels("mandatory"),
  config: {
    allowed: {
      type: "array",
      items: { type: "string" },
      description: "Names of containers that may be privileged.",
      default: [rancher],
    },
  },
  resources: {
    [types.container]: check<Container>(({ name, privileged }, { config }) =>
      privileged && !(config.allowed as string[]).some((wanted) => isNamed(name, wanted))
        ? [`The container ${name ?? "without a name"} is privileged`]
        : [],
    ),
  },
  remediate: {
    type: types.container,
    correct: (props, { config }) => {
      const isWrong =
        props.privileged === true &&
        !(config.allowed as string[]).some((wanted) => isNamed(props.name, wanted));
      if (isWrong) props.privileged = false;
      return isWrong;
    },
  },
};

const dockerStartsNothing: Rule = {
  name: "docker-starts-nothing",
  reason:
    "Which node runs the service is the agents' decision: a container that Docker starts after a boot is a second writer.",
  remedy: 'Give it `start: false`, `mustRun: false` and `restart: "no"`.',
  severity: "critical",
  beyond:
    "This program's containers are never started by Docker. One of your own may be, under the same name.",
  levels: levels("remediate"),
  resources: {
    [types.container]: check<Container>((props) =>
      startedByDocker(props) ? ["Docker may start the service by itself"] : [],
    ),
  },
  remediate: {
    type: types.container,
    correct: (props) => {
      const isWrong = startedByDocker(props);
      if (isWrong) Object.assign(props, { start: false, mustRun: false, restart: "no" });
      return isWrong;
    },
  },
};

/** The defaults of @pulumi/docker are true, true and `no`. */
const startedByDocker = (props: Partial<Container>): boolean => {
  const { start, mustRun, restart = "no" } = props;
  return isService(props) && (start !== false || mustRun !== false || restart !== "no");
};

const defaults = /^(admin|changeme|default|password|rancher|secret|welcome)\d*!*$/i;

/** What is wrong with a password, without a word of it. */
export function weakness(password: string, least: number): string | undefined {
  if (defaults.test(password)) return "is one that everybody tries first";
  if (password.length < least) return `is shorter than ${least} characters`;
  if (new Set(password).size < 5) return "has fewer than 5 different characters";
  return undefined;
}

const variable = "CATTLE_BOOTSTRAP_PASSWORD=";

function ofContainer(envs: string[], { config: { least } }: Context): string[] {
  // Each for itself: one that is not known yet must not hide the one that is looked for.
  const entries = Array.from({ length: envs.length }, (_, i) => known(() => envs[i]));
  const given = entries.find((each) => each?.startsWith(variable));
  const why = given && weakness(given.slice(variable.length), Number(least));
  return why ? [`The bootstrap password ${why}`] : [];
}

const bootstrapPassword: Rule = {
  name: "bootstrap-password",
  reason: "Whoever knows the bootstrap password before its owner has logged in owns all clusters.",
  remedy: "Leave it out, so that one is generated, or give a longer one.",
  severity: "critical",
  beyond:
    "Nothing in the settings is a password of Rancher's. An argument or a container of your own may be a weak one.",
  levels: levels("mandatory"),
  config: {
    least: { type: "integer", minimum: 1, description: "Characters that it must have.", default: 12 },
  },
  resources: {
    [types.container]: check<{ envs: string[] }>(({ envs = [] }, context) => ofContainer(envs, context)),
    [types.password]: check<{ length: number }>(({ length }, { config: { least } }) =>
      length !== undefined && length < Number(least)
        ? [`The generated password has ${length} characters, and ${least} is the least here`]
        : [],
    ),
  },
};

const memoryFloor: Rule = {
  name: "memory-floor",
  reason: "Rancher needs 4 GiB for its smallest size (its requirements); with less, etcd is killed first.",
  remedy: "Raise `memory`.",
  severity: "medium",
  beyond: "The settings take any `memory`; `memoryFloor` is about hosts.",
  levels: levels("mandatory", { blog: "advisory" }),
  config: {
    least: {
      type: "integer",
      minimum: 1,
      description: "MiB that a machine must have.",
      // What runs in dev is mostly the lab's stand-in for Rancher.
      default: (environment) => (environment === "dev" ? 1024 : 4096),
    },
  },
  // Of a stack that has Rancher: others may be content with less.
  stack: (resources, { config: { least } }) => {
    if (ofType(resources, types.whole).length === 0) return [];
    return ofType(resources, types.machine).flatMap(({ name, props }) => {
      const memory = known(() => (props as Partial<MachineInputs>).memory);
      return memory !== undefined && memory < Number(least)
        ? [`The machine ${name} has ${memory} MiB of memory, and ${least} MiB is the least here`]
        : [];
    });
  },
};

const leaseOn: Rule = {
  name: "lease-on",
  reason: "The VIP is a hint that two nodes can have at once; only the lease lets one of them write.",
  remedy: "Run the agent on every node that has the container.",
  severity: "critical",
  beyond: "This program's containers all have an agent. One of your own may not.",
  levels: levels("mandatory", { blog: "advisory" }),
  stack: (resources) => {
    const containers = ofType(resources, types.container).filter(({ props }) => isService(props));
    const agents = ofType(resources, types.rollout).flatMap(
      ({ props }) => known(() => Object.keys((props as { source?: object }).source ?? {})) ?? [],
    );
    return containers.length > agents.length
      ? [`${containers.length} nodes have the service's container, and ${agents.length} an agent`]
      : [];
  },
};

export const rancherRules: Rule[] = [
  memoryFloor,
  bootstrapPassword,
  imagePinned,
  privilegedOnlyRancher,
  dockerStartsNothing,
  leaseOn,
];
