import type { RollbackOptions, SnapshotsOptions } from "../actions/snapshots";
import { onNodes } from "../on-nodes";
import { type CommandBuilder, withExamples, workCommand } from "./command";

export const snapshotsCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand(
      "snapshots",
      "list the snapshots of the service's datastore, or take one; the service runs on",
    )
      .option("--make", "take one now")
      .option("--json", "for programs")
      .action(async (options: SnapshotsOptions) => {
        const { snapshots } = await import("../actions/snapshots.js");
        await onNodes(line, options.stack, ({ known }) => snapshots(known, options), {
          ...(options.make ? { work: "snapshots" } : {}),
          wait: options.wait,
        });
      }),
    ["snapshots", "what `rollback` can go back to"],
    ["snapshots --make", "at no cost, where the NFS server can clone files"],
  );

export const rollbackCommand: CommandBuilder = (line) =>
  withExamples(
    workCommand("rollback", "put a snapshot in the datastore's place; what it replaces is kept")
      .argument("<snapshot>", "a name that `snapshots` lists")
      .option("--yes", "do not ask; required without a terminal")
      .action(async (snapshot: string, options: Omit<RollbackOptions, "snapshot">) => {
        const { rollback } = await import("../actions/snapshots.js");
        await onNodes(line, options.stack, ({ known }) => rollback(known, { ...options, snapshot }), {
          work: "rollback",
          wait: options.wait,
        });
      }),
    ["rollback at-20261130T020000Z", "asks first"],
  );
