/*
 * docs/first-steps.md: what somebody types in the first half hour, and what the lab's test saw then. The test types the
 * same calls, by their names here; it writes the page with what was shown.
 */

/** What is typed, by a name for the test. `NODE` stands for the node that serves, `OTHER` for a standby. */
interface Chapter {
  title: string;
  /** Before the calls. */
  words: string;
  calls: Record<string, string>;
}

export const chapters: readonly Chapter[] = [
  {
    title: "From a clone to a service",
    words:
      "`doctor` says what this machine lacks. `up` makes the rest; on a machine without a hypervisor that is a lab of emulated machines, and it needs root.",
    calls: {
      clone: "git clone THIS-REPOSITORY ha-rancher && cd ha-rancher",
      doctor: "npm run doctor",
      up: "npm run up",
    },
  },
  {
    title: "Look at it",
    words:
      "`status` asks the nodes now. `open` leads to the service: leave its page open, since it counts on whatever you break below.",
    calls: { status: "npm run status", open: "npm run open" },
  },
  {
    title: "Turn a machine off",
    words: "One terminal watches, another one turns the power off, and on again.",
    calls: {
      watch: "npm run status -- --watch",
      powerOff: "npm run power-off -- NODE",
      powerOn: "npm run power-on",
    },
  },
  {
    title: "Go there",
    words: "A command on a node, and what all nodes have said lately.",
    calls: { ssh: "npm run ssh -- OTHER uptime", logs: "npm run logs" },
  },
  {
    title: "Make mistakes",
    words:
      "Put some into `Pulumi.dev.yaml`: all of them are told at once, and nothing is changed. A command, a node or an option that is nearly right is named.",
    calls: {
      mistakes: "npm run up",
      command: "./ha-rancher swichover",
      node: "npm run ssh -- NODE0",
      option: "./ha-rancher status --wach",
    },
  },
  {
    title: "Planned work",
    words: "The service goes to another node in order, and a node gets its rest.",
    calls: {
      switchover: "npm run switchover",
      maintenance: "npm run maintenance -- NODE on",
      maintenanceOver: "npm run maintenance -- NODE off",
    },
  },
  {
    title: "Save and bring back",
    words: "The data in a file, and the file back: the page's counter goes on from where it was then.",
    calls: { backup: "npm run backup -- --to rancher.tar", restore: "npm run restore -- rancher.tar" },
  },
  {
    title: "Remove it all",
    words: "What is removed is named, and asked for.",
    calls: { down: "npm run down" },
  },
];

/** A call by its name. @throws if there is none */
export function callOf(name: string): string {
  const found = chapters.flatMap(({ calls }) => (name in calls ? [calls[name] ?? ""] : []))[0];
  if (found === undefined) throw new Error(`${name} is no call of the first steps`);
  return found;
}

/** A call as it is where the first node serves. */
const withNodes = (call: string): string => call.replace("NODE", "rancher-1").replace("OTHER", "rancher-2");

/** What a run has seen. */
export interface Seen {
  /** What each call showed, by its name, and how it was typed. */
  shown: Record<string, { typed: string; lines: readonly string[] }>;
  /** Measured, a line each. */
  times: readonly string[];
}

/** Lines of a call that are kept at its beginning and its end. */
const kept = { first: 8, last: 16 };

/** npm's own lines before each script, and blank lines at both ends, tell nobody anything. */
function plain(lines: readonly string[]): string[] {
  const own = lines.filter((line) => !/^> (ha-rancher@\S+ \S+|node cli\/bootstrap\.mjs\b.*)$/.test(line));
  const first = own.findIndex((line) => line.trim() !== "");
  const last = own.findLastIndex((line) => line.trim() !== "");
  return first < 0 ? [] : own.slice(first, last + 1);
}

/** What was shown, without its middle if it is long. */
export function shortened(lines: readonly string[]): string[] {
  const all = plain(lines);
  if (all.length <= kept.first + kept.last + 1) return all;
  return [...all.slice(0, kept.first), "...", ...all.slice(-kept.last)];
}

/** The page. Calls that a run has not seen are there without what they show. */
export function firstStepsPage({ shown, times }: Seen): string {
  const told = chapters.flatMap(({ title, words, calls }) => [
    `## ${title}`,
    "",
    words,
    "",
    "```",
    ...Object.entries(calls).flatMap(([name, call]) => {
      const seen = shown[name];
      return [`$ ${seen?.typed ?? withNodes(call)}`, ...(seen ? [...shortened(seen.lines), ""] : [])];
    }),
    "```",
    "",
  ]);
  const isSeen = Object.keys(shown).length > 0;
  return [
    "# The first half hour",
    "",
    isSeen
      ? "What to type, and what it shows: from a run of `test/lab-long/first-steps.test.ts` in the lab, shortened."
      : "What to type. `test/lab-long/first-steps.test.ts` does all of it in the lab, and adds here what it shows.",
    "Each call is an npm script, and a word of `./ha-rancher`, too ([commands](commands.md)).",
    "",
    ...told,
    ...(times.length > 0 ? ["## How long it took", "", ...times.map((line) => `- ${line}`), ""] : []),
  ]
    .join("\n")
    .replaceAll("\n\n```\n", "\n\n```\n")
    .replaceAll(/\n\n```(?=\n\n)/g, "\n```");
}
