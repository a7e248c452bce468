import { existsSync } from "node:fs";
import { join } from "node:path";

/** A measurement: bench/NAME.ts exports it as `bench`. */
interface Measurement {
  bench(args: string[]): Promise<void>;
}

/** `npm run bench -- NAME [--json] ...` */
async function main([name = "", ...rest]: string[]): Promise<void> {
  const file = join(__dirname, `${name}.js`);
  const found = /^\w+$/.test(name) && existsSync(file);
  const { bench }: Partial<Measurement> = found ? ((await import(file)) as Measurement) : {};
  if (!bench)
    throw new Error(`\`${name}\` is no measurement: name a file of bench/ that is one, such as takeover`);
  await bench(rest);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
});
