import { assertFresh } from "../local/toolchain/freshness";

let checked = false;

/** Checked once per process, since sources may change while an update runs. */
function check(): void {
  if (!checked) assertFresh();
  checked = true;
}

/**
 * Wraps a provider so that it refuses to work while its compiled code is older than its sources. The program checks
 * this, too, but `pulumi destroy` and `pulumi refresh` do not run the program.
 */
export function current<T extends object>(provider: T): T {
  return new Proxy(provider, {
    get(target, name, receiver) {
      check();
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}
