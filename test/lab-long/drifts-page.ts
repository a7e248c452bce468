import type { Drift } from "./drifts-table";

/** What became of a drift on real machines. */
export interface Told {
  drift: Drift;
  /** The sentence of `status`; undefined: the node stood by as before. */
  status: string | undefined;
  /** Names of the resources that `refresh` found changed. */
  refresh: string[];
  /** The last line of `up`. */
  up?: string;
  names: { standby: string; active: string };
}

const places: Record<Drift["on"], string> = {
  standby: "standby",
  active: "active node",
  server: "NFS server",
};

/** A text for a cell of a table: with roles in place of names, which change from run to run; of the stack `dev`. */
const cell = (text: string, { standby, active }: Told["names"]): string =>
  text
    .replaceAll(standby, "STANDBY")
    .replaceAll(active, "ACTIVE")
    .replace(/ -- --stack [\w-]+(?= \w)/g, " --")
    .replace(/ -- --stack [\w-]+/g, "")
    .replaceAll("|", "\\|")
    .replaceAll("\n", " ");

function row({ drift, status, refresh, up = "", names }: Told): string {
  const { on, what, by, refreshFails, mend } = drift;
  const found =
    refresh.length > 0 ? refresh.map((name) => `\`${name}\``).join(", ") : "nothing: it is no drift";
  const cells = [
    `${places[on]}: ${what} (\`${by.replace(/\n.*/s, " ...")}\`)`,
    status ?? "nothing: it stands by as before",
    refreshFails ? "fails: what is in Docker cannot be looked at" : found,
    up,
    mend ? `\`npm run ${mend[0]} -- ${mend.slice(1).join(" ")}\`` : "`npm run up`",
  ];
  return `| ${cells.map((text) => cell(text, names)).join(" | ")} |`;
}

/** docs/drifts.md, from a run. */
export const page = (told: readonly Told[]): string =>
  [
    "# Drifts",
    "",
    "What somebody may change by hand, what is said of it, and what mends it. Each row was done on real machines by",
    "`test/lab-long/drifts.test.ts`, which makes this page: `UPDATE_DOCS=1 node --test dist/test/lab-long/drifts.test.js`. Several rows",
    "shared one `refresh` and one `up`, each with a node or a resource of its own. After every `up` what was changed was looked",
    "at on the node, and was as before. `npm run up` looks at what is on the nodes by itself (`--refresh`) where `status` says",
    "that not all is well; of what `status` does not see, `pulumi refresh` or `npm run shell -- pulumi up --refresh` tells.",
    "",
    "| What was done by hand | `status` | `refresh` finds | `up` ends with | Mended by |",
    "| --- | --- | --- | --- | --- |",
    ...told.map(row),
    "",
  ].join("\n");
