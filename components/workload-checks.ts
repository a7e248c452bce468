import { type Mistake, mistake } from "../domain/mistake";
import { hasDots } from "../domain/node-paths";
import type { Workload } from "./workload";

/** Begins the names of containers and of resources. */
const nameForm = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

const isAsked = (url: string): boolean =>
  URL.canParse(url) && ["http:", "https:", "tcp:"].includes(new URL(url).protocol);

/** What is wrong with a workload, as far as it is known before anything is made. */
export function workloadMistakes(workload: Workload): Mistake[] {
  const { name, url, datastore, startDeadline, stopGrace } = workload;
  const told = (isRight: boolean, path: string, rule: string): Mistake[] =>
    isRight ? [] : [mistake(`workload.${path}`, rule)];
  return [
    ...told(
      nameForm.test(name) && name.length <= 30,
      "name",
      "must be a short name of lower-case letters, digits and dashes, such as postgres",
    ),
    ...told(isAsked(url), "url", "must be where it answers: http://, https:// or tcp://HOST:PORT"),
    ...told(
      datastore === undefined || (/^[\w-][\w./-]*$/.test(datastore) && !hasDots(datastore)),
      "datastore",
      "must be a folder below the data, as a relative path such as pgdata",
    ),
    ...told(startDeadline > 0, "startDeadline", "must be seconds, more than 0"),
    ...told(stopGrace > 0, "stopGrace", "must be seconds, more than 0"),
  ];
}
