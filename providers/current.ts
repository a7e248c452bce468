import { assertFresh } from "../local/toolchain/freshness";

let checked = false;

/** Checked once per process, since sources may change while an update runs. */
function check(): void {
  if (!checked) assertFresh();
  checked = true;
}

/**
 * A provider that is loaded when it is first asked, and refuses to work while its compiled code is older than its sources.
 * The program checks this, too, but `pulumi destroy` and `pulumi refresh` do not run the program.
 */
export function current<T extends object>(load: () => T): T {
  let loaded: T | undefined;
  return new Proxy({} as T, {
    get(_, name) {
      check();
      loaded ??= load();
      return Reflect.get(loaded, name) as unknown;
    },
  });
}
