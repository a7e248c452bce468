import { doubles } from "../../domain/doubles";
import { hasAgent } from "../../domain/fencing";
import { type Mistake, mistake } from "../../domain/mistake";
import type { Rule } from "../../settings/values";
import type { ContainerSettings } from "./settings";

/** What the rules look at, checked one by one already. */
interface ContainerGiven {
  workload: string;
  image?: string | undefined;
  container?: ContainerSettings | undefined;
  fencing: { agent: string };
}

/** What is asked of a container alone, and how it is asked for the container. */
const where = (
  of: readonly string[],
  check: (given: ContainerSettings) => Mistake[],
): Rule<ContainerGiven> => ({
  of: of.map((name) => `container.${name}`),
  check: ({ container }) => (container ? check(container) : []),
});

const needed: Rule<ContainerGiven>[] = [
  {
    of: ["workload", "container?"],
    check: ({ workload, container }) =>
      workload === "container" && container === undefined
        ? [
            mistake(
              "container",
              "is missing",
              "`workload` container needs `name`, `dataPath`, `ports` and `health`: workloads/container/README.md",
            ),
          ]
        : [],
  },
  {
    of: ["workload", "image?"],
    check: ({ workload, image }) =>
      workload === "container" && image === undefined
        ? [
            mistake(
              "image",
              "is missing",
              "`workload` container has no image of its own: name one with a tag",
            ),
          ]
        : [],
  },
];

function portMistakes({ ports }: ContainerSettings): Mistake[] {
  const all = ports.map(({ published, protocol }) => `${published}/${protocol}`);
  return doubles(all).map((port) =>
    mistake("container.ports", `has ${port} twice`, "each port of a node leads to one port of the container"),
  );
}

/** Ports that are asked and are none of the container's. */
function questionMistakes({ ports, health }: ContainerSettings): Mistake[] {
  const published = new Set(ports.filter(({ protocol }) => protocol === "tcp").map((each) => each.published));
  return health.flatMap(({ http, tcp }, i) => {
    const [path, port] = http ? ["http.port", http.port] : ["tcp", tcp];
    return port === undefined || published.has(port)
      ? []
      : [
          mistake(
            `container.health[${i}].${path}`,
            `(${port}) must be a \`published\` TCP port of \`container.ports\``,
            "it is asked on the node",
          ),
        ];
  });
}

/** Somebody must see from outside whether it serves. */
const reachable = ({ ports }: ContainerSettings): Mistake[] =>
  ports.some(({ protocol }) => protocol === "tcp")
    ? []
    : [
        mistake(
          "container.ports",
          "must have a TCP port",
          "`up` and `status` ask through the VIP whether the service is there",
        ),
      ];

function placeMistakes({ dataPath, volumes }: ContainerSettings): Mistake[] {
  const paths = [dataPath, ...volumes.map(({ path }) => path)];
  return [
    ...doubles(volumes.map(({ name }) => name)).map((name) =>
      mistake("container.volumes", `has the name ${name} twice`, "give each its own"),
    ),
    ...doubles(paths).map((path) =>
      mistake(
        "container.volumes",
        `and \`container.dataPath\` must not have ${path} twice`,
        "one hides the other",
      ),
    ),
  ];
}

const capabilityMistakes = ({ capabilities: { add, drop } }: ContainerSettings): Mistake[] =>
  add
    .filter((name) => drop.includes(name))
    .map((name) =>
      mistake("container.capabilities", `must not both add and drop ${name}`, "decide for one of them"),
    );

/**
 * A service that does not lock its files is not stopped from writing when its node has lost the lease: after a pause of the
 * machine, what it had sent already reaches the data that the next owner works on.
 */
const lateWrites: Rule<ContainerGiven> = {
  of: ["container.datastore", "container.acceptLateWrites", "fencing.agent"],
  check: ({ container, fencing }) =>
    container && container.datastore === undefined && !hasAgent(fencing) && !container.acceptLateWrites
      ? [
          mistake(
            "container.datastore",
            "is missing: a node that was paused may still write what its service had sent, into the data of the next owner",
            "name the folder, so that the next owner works on a copy of it; or set `fencing.agent`; or `container.acceptLateWrites: true`, if that can do no harm",
          ),
        ]
      : [],
};

export const containerRules: Rule<ContainerGiven>[] = [
  ...needed,
  where(["ports"], portMistakes),
  where(["ports"], reachable),
  where(["ports", "health"], questionMistakes),
  where(["dataPath", "volumes"], placeMistakes),
  where(["capabilities"], capabilityMistakes),
  lateWrites,
];
