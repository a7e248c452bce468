import { compareWrites, forgetWrites, readBack, type Write, WriteClient } from "../../drill/probes/writes";

/*
 * A client of its own in the server's network: writes numbers until its standard input ends, reads them back, and prints
 * what it found as a line of JSON, and what is left once they are removed. Each acknowledged write is a dot on standard
 * error.
 */

const [place = "", run = ""] = process.argv.slice(2);
const writes: Write[] = [];
const client = new WriteClient(place, run, (write) => {
  writes.push(write);
  if (write.outcome === "yes") process.stderr.write(".");
});
client.interval = 10;
client.start();
process.stdin.resume().once("end", async () => {
  await client.stop();
  const outcomes = [...new Set(writes.map(({ outcome }) => outcome))].sort();
  const found = compareWrites(writes, await readBack(place, run));
  await forgetWrites(place, run);
  const left = await readBack(place, run);
  process.stdout.write(`${JSON.stringify({ ...found, outcomes, left })}\n`);
  process.exit(0);
});
