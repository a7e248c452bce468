import { z } from "zod";
import {
  dotsError,
  group,
  list,
  noDots,
  number,
  oneOf,
  pageSettings,
  pinnedImage,
  setting,
  text,
  truth,
  variables,
  whole,
} from "../../settings/values";

/* Settings of `workload: container`: any container, its data on shared storage. */

const pathError = "must be an absolute path in the container, such as /var/lib/postgresql/data";

/** A path in the container. */
const inside = z
  .string({ error: pathError })
  .regex(/^(\/[A-Za-z0-9._-]+)+$/, { error: pathError })
  .max(200, { error: "must have at most 200 characters" })
  .refine(noDots, { error: dotsError })
  .refine((path) => !/^\/(proc|sys|dev)(\/|$)/.test(path), {
    error: "must not be the kernel's: /proc, /sys or /dev",
  });

const dataPath = inside.refine((path) => !["/etc", "/bin", "/sbin", "/lib", "/usr"].includes(path), {
  error: "must not be a folder that the image's own programs are in",
});

const namePattern = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const nameError = "must be a short name of lower-case letters, digits and dashes, such as postgres";

const relativeError = "must be a folder below the data, as a relative path such as pgdata";

/** A folder of the shared data, but none of those that are ours. */
const datastore = z
  .string({ error: relativeError })
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/, { error: relativeError })
  .max(200, { error: "must have at most 200 characters" });

const word = text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  .regex(/^[^\u0000-\u001f\u007f]*$/, { error: "must be one line, without control characters" })
  .max(4_000, { error: "must have at most 4000 characters" });

const port = group({
  published: setting(whole(1, 65_535), "The port on the VIP and on the nodes"),
  target: setting(whole(1, 65_535).optional(), "The port in the container", "`published`"),
  protocol: setting(oneOf(["tcp", "udp"]).default("tcp"), "tcp or udp"),
});

const volume = group({
  name: setting(
    text.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{1,63}$/, {
      error: "must be a Docker volume's name: letters, digits, dots, dashes and underscores",
    }),
    "The Docker volume's name",
  ),
  path: setting(inside, "Where the container has it"),
});

const capability = text.regex(/^[A-Z][A-Z0-9_]{2,40}$/, {
  error: "must be a capability as capabilities(7) names it, without CAP_, such as NET_ADMIN",
});

const command = z
  .array(word, { error: "must be a list of words: the program, and its arguments" })
  .max(100, { error: "must have at most 100 entries" });

const program = command.min(1, { error: "must name a program" });

const page = pageSettings("A `published` port", "What it answers while it is well");

const question = group({
  http: setting(page.optional(), "A page that is asked for", "none"),
  tcp: setting(whole(1, 65_535).optional(), "A `published` port that takes connections", "none"),
  command: setting(program.optional(), "A command in the container that ends with 0", "none"),
  log: setting(
    word.min(1, { error: "must not be empty" }).optional(),
    "Part of a line that it writes once it serves",
    "none",
  ),
  deep: setting(truth.default(false), "Asked seldom (`guard.health.deepEvery`), such as what costs much"),
}).refine(
  (given) =>
    [given.http, given.tcp, given.command, given.log].filter((each) => each !== undefined).length === 1,
  { error: "must have one of `http`, `tcp`, `command` and `log`, and only one" },
);

const capabilities = group({
  add: setting(list(capability, { of: "capabilities" }), "Beside Docker's own"),
  drop: setting(list(capability, { of: "capabilities" }), "Taken from Docker's own"),
});

/** What each container may have. */
const each = {
  dataFolder: setting(
    datastore.optional(),
    "The folder of the shared data that it has in place of all of it; Docker makes it",
    "all of it",
  ),
  environment: setting(variables.default({}), "Variables; encrypt those that are secrets", "none"),
  command: setting(command.default([]), "Arguments, or another program", "the image's"),
  volumes: setting(
    list(volume, { of: "volumes, each with `name` and `path`" }),
    "Docker volumes on each node, for what need not survive a failover: caches, sockets",
  ),
  user: setting(
    text
      .regex(/^[a-z_0-9][a-z0-9_-]{0,31}(:[a-z_0-9][a-z0-9_-]{0,31})?$/, {
        error: "must be a user, or user:group, by name or number, such as 999:999; write numbers in quotes",
      })
      .optional(),
    "Who its first process is",
    "the image's",
  ),
  privileged: setting(truth.default(false), "Root on its node: a policy asks whether it must be"),
  capabilities: setting(
    capabilities.default(capabilities.parse({})),
    "Kernel capabilities that it has or has not",
    "Docker's own",
  ),
  memory: setting(whole(16, 1_048_576, " MiB").optional(), "MiB of memory at most", "no limit"),
  cpus: setting(number(0.1, 512).optional(), "Processors at most", "no limit"),
  sharedMemory: setting(whole(1, 1_048_576, " MiB").optional(), "MiB of /dev/shm", "64"),
  stopSignal: setting(
    text.regex(/^SIG[A-Z0-9]{2,10}$/, { error: "must be a signal's name, such as SIGINT" }).optional(),
    "What ends it in order",
    "the image's",
  ),
};

const sign = group({
  command: setting(program.optional(), "A command in it that ends with 0", "none"),
  log: setting(
    word.min(1, { error: "must not be empty" }).optional(),
    "Part of a line that it writes once it serves",
    "none",
  ),
  deep: setting(truth.default(false), "Asked seldom (`guard.health.deepEvery`), such as what costs much"),
}).refine(({ command: asked, log }) => (asked === undefined) !== (log === undefined), {
  error: "must have one of `command` and `log`, and only one",
});

const shortName = text.regex(namePattern, { error: nameError }).max(30, { error: nameError });

const companion = group({
  name: setting(shortName, "What it is called; the others reach it by this name"),
  image: setting(pinnedImage, "Its image with a tag or digest; another one is an upgrade of the service"),
  dataPath: setting(dataPath.optional(), "Where it has the shared data", "nowhere"),
  health: setting(
    list(sign, { of: "questions, each with `command` or `log`", most: 8 }),
    "How it says that it is well; the next one is started then",
  ),
  ...each,
});

const hook = group({
  name: setting(shortName, "What it is called"),
  command: setting(program, "The program and its arguments, in place of the image's"),
  like: setting(
    shortName.optional(),
    "The container whose image, variables, user and data it has",
    "the main one",
  ),
  timeout: setting(whole(1, 3_600, " s").default(20), "Seconds, after which it is killed and has failed"),
});

const hooks = group({
  beforeStart: setting(
    list(hook, { of: "hooks", most: 8 }),
    "Run before each start, one after the other; one that does not end with 0 is a start that failed",
  ),
  afterStop: setting(
    list(hook, { of: "hooks", most: 8 }),
    "Run after each stop in order; one that fails is told",
  ),
});

const backup = group({
  command: setting(
    program,
    "A command in the container that writes all data to its standard output, and ends with 0",
  ),
  restore: setting(
    program.optional(),
    "A command in the container that takes that in from its standard input, and ends with 0",
    "none, and `restore` says how to do it by hand",
  ),
  of: setting(shortName.optional(), "The companion that both run in", "the main container"),
});

const container = group({
  name: setting(shortName, "What the service is called; begins its containers' names"),
  dataPath: setting(dataPath, "Where the container has the shared data"),
  datastore: setting(
    datastore.optional(),
    "The folder of the data that is copied before each start, and that the next owner works on a copy of after an unclean end",
    "none",
  ),
  ports: setting(list(port, { of: "ports, each with `published`" }), "Ports on the VIP and on the nodes"),
  health: setting(
    z
      .array(question, { error: "must be a list of questions, such as `- tcp: 5432`" })
      .min(1, { error: "must have at least one question" })
      .max(8, { error: "must have at most 8 questions" }),
    "How the agent asks whether it is well: all must say so",
  ),
  ...each,
  companions: setting(
    list(companion, { of: "containers, each with `name` and `image`", most: 8 }),
    "Containers that belong to it, such as its database: started before it in this order, stopped after it",
  ),
  hooks: setting(
    hooks.default(hooks.parse({})),
    "What runs before each start, and after each stop",
    "nothing",
  ),
  backup: setting(
    backup.optional(),
    "How it is backed up while it runs",
    "a backup stops it, and copies its data",
  ),
  acceptLateWrites: setting(
    truth.default(false),
    "Run it without `datastore` and without a fence agent: writes of a node that was paused may reach the next owner's data",
  ),
});

export type ContainerSettings = z.infer<typeof container>;

/** The settings of a container of one's own. */
export const containerShape = {
  container: setting(
    container.optional(),
    "With `workload` container: the container, its ports, its data and how it is asked: workloads/container/README.md",
    "none",
  ),
};
