import { assertFresh } from "../local/toolchain/freshness";

let checked = false;

/** Once per process: sources may well change while an update runs. */
function check(): void {
  if (!checked) assertFresh();
  checked = true;
}

/**
 * The provider, which refuses to work while its compiled code is older than its sources. `pulumi destroy` and
 * `pulumi refresh` do not run the program, which checks this otherwise.
 */
export function current<T extends object>(provider: T): T {
  return new Proxy(provider, {
    get(target, name, receiver) {
      check();
      return Reflect.get(target, name, receiver) as unknown;
    },
  });
}
