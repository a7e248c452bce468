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
  guard: { startLimit: number };
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

/** A container of the service, and by which path the settings call it. */
type Part = { at: string } & Pick<
  ContainerSettings["companions"][number],
  "dataPath" | "dataFolder" | "volumes" | "capabilities"
>;

const partsOf = (container: ContainerSettings): Part[] => [
  { at: "container", ...container },
  ...container.companions.map((each, i) => ({ at: `container.companions[${i}]`, ...each })),
];

const placeMistakes = (container: ContainerSettings): Mistake[] =>
  partsOf(container).flatMap(({ at, dataPath, volumes }) => {
    const paths = [...(dataPath === undefined ? [] : [dataPath]), ...volumes.map(({ path }) => path)];
    return [
      ...doubles(volumes.map(({ name }) => name)).map((name) =>
        mistake(`${at}.volumes`, `has the name ${name} twice`, "give each its own"),
      ),
      ...doubles(paths).map((path) =>
        mistake(`${at}.volumes`, `and \`${at}.dataPath\` must not have ${path} twice`, "one hides the other"),
      ),
    ];
  });

/**
 * Who has all of the data could put a link in the place of another one's folder, and Docker would follow it on the node.
 */
function folderMistakes(container: ContainerSettings): Mistake[] {
  const parts = partsOf(container);
  const found = parts.flatMap(({ at, dataPath, dataFolder }) =>
    dataPath === undefined && dataFolder !== undefined
      ? [mistake(`${at}.dataFolder`, `needs \`${at}.dataPath\``, "say where the container has it")]
      : [],
  );
  const placed = parts.filter(({ dataPath }) => dataPath !== undefined);
  const without = placed.filter(({ dataFolder }) => dataFolder === undefined);
  if (without.length > 0 && without.length < placed.length)
    return [
      ...found,
      ...without.map(({ at }) =>
        mistake(
          `${at}.dataFolder`,
          "is missing, and another container has one",
          "give each a folder of its own, or none: who has all of the data could change what the others have mounted",
        ),
      ),
    ];
  const folders = placed.flatMap(({ at, dataFolder }) =>
    dataFolder === undefined ? [] : [{ at, dataFolder }],
  );
  const inside = folders.flatMap(({ at, dataFolder }) =>
    folders
      .filter((other) => other.at !== at && dataFolder.startsWith(`${other.dataFolder}/`))
      .map((other) =>
        mistake(
          `${at}.dataFolder`,
          `(${dataFolder}) must not be in that of \`${other.at}\` (${other.dataFolder})`,
          "give each a folder beside the others",
        ),
      ),
  );
  return [...found, ...inside];
}

function nameMistakes({ name, companions, hooks }: ContainerSettings): Mistake[] {
  const all = [name, ...companions.map((each) => each.name)];
  const others = [...hooks.beforeStart, ...hooks.afterStop].map((each) => each.name);
  return doubles([...all, ...others]).map((double) =>
    mistake(
      "container.companions",
      `and the service and its hooks must not have the name ${double} twice`,
      "give each container and each hook its own",
    ),
  );
}

/** What is said of a container that is none of the service's. */
function unknownMistakes({ name, companions, hooks, backup }: ContainerSettings): Mistake[] {
  const known = [name, ...companions.map((each) => each.name)];
  const named: [path: string, name: string | undefined][] = [
    ...hooks.beforeStart.map(({ like }, i): [string, string | undefined] => [
      `hooks.beforeStart[${i}].like`,
      like,
    ]),
    ...hooks.afterStop.map(({ like }, i): [string, string | undefined] => [
      `hooks.afterStop[${i}].like`,
      like,
    ]),
    ["backup.of", backup?.of],
  ];
  return named.flatMap(([path, wanted]) =>
    wanted === undefined || known.includes(wanted)
      ? []
      : [
          mistake(
            `container.${path}`,
            `(${wanted}) is none of the service's containers`,
            `name one of ${known.join(", ")}`,
          ),
        ],
  );
}

/** What the agent gives a start is for all of it: hooks that may take longer would make each start fail. */
const hookTimes: Rule<ContainerGiven> = {
  of: ["container.hooks", "guard.startLimit"],
  check: ({ container, guard: { startLimit } }) =>
    (["beforeStart", "afterStop"] as const).flatMap((when) => {
      const all = (container?.hooks[when] ?? []).reduce((sum, { timeout }) => sum + timeout, 0);
      const most = when === "afterStop" ? startLimit : startTime(startLimit);
      return all <= most
        ? []
        : [
            mistake(
              `container.hooks.${when}`,
              `may take ${all} s in all, and must not take more than ${most} s`,
              `give them a shorter \`timeout\`, or set \`guard.startLimit\` (${startLimit}) higher: what starts after them needs its time, too`,
            ),
          ];
    }),
};

/** Seconds of `guard.startLimit` in which a start must be over: in the rest what was started is stopped again (node/agent/container.py). */
const startTime = (startLimit: number): number => Math.max(startLimit - 8, startLimit / 2);

const capabilityMistakes = (container: ContainerSettings): Mistake[] =>
  partsOf(container).flatMap(({ at, capabilities: { add, drop } }) =>
    add
      .filter((name) => drop.includes(name))
      .map((name) =>
        mistake(`${at}.capabilities`, `must not both add and drop ${name}`, "decide for one of them"),
      ),
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
  where(["dataPath", "volumes", "companions"], placeMistakes),
  where(["dataPath", "dataFolder", "companions"], folderMistakes),
  where(["capabilities", "companions"], capabilityMistakes),
  where(["name", "companions", "hooks"], nameMistakes),
  where(["name", "companions", "hooks", "backup"], unknownMistakes),
  hookTimes,
  lateWrites,
];
