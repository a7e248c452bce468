import { hasDigest, parseImage } from "../../domain/image";
import { check, levels, type Rule, types } from "../../policy/rule";

interface Container {
  name: string;
  privileged: boolean;
  restart: string;
  start: boolean;
  mustRun: boolean;
}

/** Begins the container's name on every node; what follows tells one make of it from another. */
const rancher = "rancher";

/** Whether a container is the one of that name, or a make of it: `rancher-1a2b3c4d` (components/rancher-container.ts). */
export const isNamed = (name: unknown, wanted: string): boolean =>
  String(name).replace(/-[0-9a-f]{8}$/, "") === wanted;

const imagePinned: Rule = {
  name: "image-pinned",
  reason: "A tag that moves upgrades the datastore at the next failover, and there is no way back.",
  remedy: "Name the image with a version's tag or a digest.",
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
  levels: levels("mandatory"),
  config: {
    allowed: {
      type: "array",
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
    "Which node runs Rancher is the guards' decision: a container that Docker starts after a boot is a second writer.",
  remedy: 'Give it `start: false`, `mustRun: false` and `restart: "no"`.',
  levels: levels("remediate"),
  resources: {
    [types.container]: check<Container>((props) =>
      startedByDocker(props) ? ["Docker may start Rancher by itself"] : [],
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
const startedByDocker = ({ name, start, mustRun, restart = "no" }: Partial<Container>): boolean =>
  isNamed(name, rancher) && (start !== false || mustRun !== false || restart !== "no");

export const rancherRules: Rule[] = [imagePinned, privilegedOnlyRancher, dockerStartsNothing];
