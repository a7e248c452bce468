import { isVagrantError, type VagrantError } from "./errors";

/** Vagrant's errors that mean "not now": nothing was done. */
const busy = /(Environment|MachineAction)Locked(Error)?$|::MachineLocked$/;

const network =
  /could not resolve host|connection (reset|refused|timed out|closed)|operation timed out|timeout was reached|empty reply|transfer closed|error: 5\d\d|\b50[0234]\b|ssl_error_syscall/i;

/** Messages of hypervisors that are busy, or to which two processes gave the same order at once. */
const hypervisor = [
  /cannot acquire state change lock/i,
  /end of file while reading data/i,
  /network '?[^']*'? already exists with uuid/i,
  /already locked (for|by) a session/i,
  /VBOX_E_INVALID_OBJECT_STATE|The object is not ready|E_ACCESSDENIED/,
  /error during connect: .*(EOF|i\/o timeout)/i,
];

/**
 * True if the same command is likely to succeed in a moment.
 *
 * A locked machine counts only for commands that change nothing. Otherwise another command is making or destroying the
 * machine, and waiting would hide that.
 */
export function isTransient({ kind, text, command }: VagrantError): boolean {
  if (busy.test(kind)) return !/MachineAction/.test(kind) || command === "status" || command === "ssh-config";
  if (/Download|BoxAdd/.test(kind)) return !/Checksum/.test(kind) && network.test(text);
  return hypervisor.some((pattern) => pattern.test(text));
}

/**
 * Runs an action, and again after a pause if it failed for a transient reason: three times at most, after 1 s and 2 s.
 *
 * @param again called before each repetition, with what went wrong
 */
export async function patiently<T>(
  action: () => Promise<T>,
  again: (error: Error) => void | Promise<void>,
): Promise<T> {
  const { backOff } = await import("exponential-backoff");
  return await backOff(action, {
    numOfAttempts: 3,
    startingDelay: 1000,
    timeMultiple: 2,
    retry: async (error: unknown, attempt: number) => {
      if (attempt >= 3 || !isVagrantError(error) || !isTransient(error)) return false;
      await again(error);
      return true;
    },
  });
}
