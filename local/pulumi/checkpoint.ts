import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Backend } from "../toolchain/environment";
import { stacksOf } from "./layout";

/** A resource in a checkpoint. */
export interface Resource {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** The parts of a deployment that this program reads (sdk/go/common/apitype/core.go, DeploymentV3). */
export interface Deployment {
  resources?: Resource[];
  /** Operations that were running when Pulumi was killed. */
  pending_operations?: { type: string; resource: Resource }[];
  secrets_providers?: { type: string; state?: { salt?: string } };
}

/** The same in this program's words. */
export interface Contents {
  resources: readonly Resource[];
  /** Resources that were being created when Pulumi was killed. They may exist, and are not among the others. */
  creating: readonly Resource[];
  /** Whether Pulumi was killed during an operation. */
  interrupted: boolean;
  /** The salt of the passphrase, if secrets are encrypted with one. */
  salt: string | undefined;
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const tables = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isTable) : [];

/** A resource whose parts have the types that they are read as; undefined if it has no name or type. */
function resourceIn({ urn, type, inputs, outputs, ...others }: Record<string, unknown>): Resource[] {
  if (typeof urn !== "string" || typeof type !== "string") return [];
  const properties = { ...(isTable(inputs) && { inputs }), ...(isTable(outputs) && { outputs }) };
  return [{ ...others, urn, type, ...properties }];
}

/** The parts of a deployment that are read, whatever the rest of it is. */
function readable(value: unknown): Deployment | undefined {
  if (!isTable(value)) return undefined;
  const { resources, pending_operations: pending, secrets_providers: provider } = value;
  const salt = isTable(provider) && isTable(provider.state) ? provider.state.salt : undefined;
  return {
    resources: tables(resources).flatMap(resourceIn),
    pending_operations: tables(pending).flatMap(({ type, resource }) =>
      (isTable(resource) ? resourceIn(resource) : []).map((each) => ({
        type: typeof type === "string" ? type : "unknown",
        resource: each,
      })),
    ),
    ...(typeof salt === "string" && { secrets_providers: { type: "passphrase", state: { salt } } }),
  };
}

export function contentsOf(given: Deployment | undefined): Contents {
  const deployment = readable(given);
  const pending = deployment?.pending_operations ?? [];
  return {
    resources: deployment?.resources ?? [],
    creating: pending.filter(({ type }) => type === "creating").map(({ resource }) => resource),
    interrupted: pending.length > 0,
    salt: deployment?.secrets_providers?.state?.salt,
  };
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Reads a stack of a local backend. `latest` is missing if it was never updated. Undefined if there is no such stack.
 */
export function readCheckpoint(backend: Backend, stack: string): { latest?: Deployment } | undefined {
  const plain = readIfThere(join(stacksOf(backend), `${stack}.json`));
  const packed = plain ? undefined : readIfThere(join(stacksOf(backend), `${stack}.json.gz`));
  const bytes = plain ?? (packed && gunzipSync(packed));
  if (!bytes) return undefined;
  const { checkpoint = {} } = JSON.parse(bytes.toString("utf8")) as { checkpoint?: { latest?: Deployment } };
  return checkpoint;
}

/** Reads the output of `pulumi stack export`. */
export const readExport = (text: string): Deployment | undefined =>
  (JSON.parse(text) as { deployment?: Deployment }).deployment;

/** Names of this project's stacks in a local backend; none if it is not local. */
export function localStacks(backend: Backend): string[] {
  if (!backend.local) return [];
  try {
    return readdirSync(stacksOf(backend)).flatMap((name) => /^(.+)\.json(\.gz)?$/.exec(name)?.[1] ?? []);
  } catch {
    return []; // The backend has no stacks yet.
  }
}
