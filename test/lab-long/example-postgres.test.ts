import assert from "node:assert/strict";
import { step } from "../lab/steps";
import { downAtTheEnd, type Example, failoverUnderWrites, inContainer, withExample } from "./example";

/* examples/postgres. What PostgreSQL goes through beside this is in postgres.test.ts. */

const password = "correct horse battery";
const vip = "192.168.56.60";
const example: Example = {
  ...{ name: "postgres", vip, url: `tcp://${vip}:5432` },
  secrets: { "container.environment.POSTGRES_PASSWORD": password },
};
process.env.DRILL_PASSWORD = password;

const sql = (query: string): Promise<string> =>
  inContainer("psql", "--host=/var/run/postgresql", "-U", "postgres", "-Atc", `"${query}"`);

withExample(example);

failoverUnderWrites(example, `postgres://postgres@${vip}/postgres`, async (run) =>
  (await sql(`SELECT number FROM ha_rancher_drill WHERE run = '${run}' ORDER BY place`))
    .split("\n")
    .filter(Boolean)
    .map(Number),
);

step("it works on its copy, in the folder that the file names", async () => {
  assert.equal((await sql("SHOW data_directory")).trim(), "/var/lib/postgresql/data/pgdata");
});

downAtTheEnd();
