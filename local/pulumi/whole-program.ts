import { status } from "@grpc/grpc-js";
import type { Output } from "@pulumi/pulumi";

/** What {@link mustEndWhole} reads of an output: the SDK's private form. */
interface Settling {
  promise(): Promise<unknown>;
}

/** Errors of which Pulumi's SDK says nothing: it takes them for the engine's end. */
const silent: readonly unknown[] = [status.CANCELLED, status.UNAVAILABLE];

/**
 * Has the program fail if it ends before an output is known, or known to be unknown in a preview. When its connection to
 * the engine breaks, Pulumi's SDK ends a program silently and as a success; the engine would then take what was not
 * declared yet for removed, and delete it.
 *
 * @param last depends on all that the program declares
 */
export function mustEndWhole(last: Output<unknown>): void {
  let state: "pending" | "ended" | "lost" = "pending";
  (last as unknown as Settling).promise().then(
    () => {
      state = "ended";
    },
    (error: { code?: unknown } | undefined) => {
      // All other errors are told by Pulumi.
      state = silent.includes(error?.code) ? "lost" : "ended";
    },
  );
  // Not at `exit`: in its own `beforeExit` the SDK tells the engine that all is declared, which then deletes.
  process.prependListener("beforeExit", (code) => {
    if (state === "ended" || code !== 0) return;
    if (state === "pending")
      process.stderr.write(
        "The program ended before all was declared, and nothing was deleted: an output of it never came, as when its connection to Pulumi's engine breaks. Run it again.\n",
      );
    process.exit(1);
  });
}
