import { type Mistake, mistake } from "../domain/mistake";
import { isWithin, takenPath } from "../domain/node-paths";
import type { Rule } from "./values";

/* Directories that are somebody's already, by themselves and together. */

interface PathsGiven {
  storage: string;
  dataDirectory: string;
  sharedDirectory?: string | undefined;
  backup: { directory: string };
}

const choose = "choose one of its own, such as /srv/NAME";

function taken(path: string, directory: string): Mistake[] {
  const whose = takenPath(directory);
  return whose ? [mistake(path, `(${directory}) is ${whose}`, choose)] : [];
}

/** Directories of the nodes, and the one that is exported. */
export const pathRules: Rule<PathsGiven>[] = [
  { of: ["dataDirectory"], check: ({ dataDirectory }) => taken("dataDirectory", dataDirectory) },
  { of: ["backup.directory"], check: ({ backup }) => taken("backup.directory", backup.directory) },
  {
    // What a server of the user's exports, it exports already.
    of: ["sharedDirectory", "storage"],
    check: ({ sharedDirectory, storage }) =>
      sharedDirectory === undefined || storage === "server" ? [] : taken("sharedDirectory", sharedDirectory),
  },
  {
    of: ["backup.directory", "dataDirectory"],
    check: ({ backup: { directory }, dataDirectory }) =>
      directory !== dataDirectory && isWithin(dataDirectory, directory)
        ? [
            mistake(
              "backup.directory",
              `(${directory}) must not be around \`dataDirectory\` (${dataDirectory})`,
              "choose a directory beside it",
            ),
          ]
        : [],
  },
];
