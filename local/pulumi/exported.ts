/** A resource in `pulumi stack export`, with what it says of others. */
export interface ExportedResource {
  urn: string;
  type: string;
  inputs?: Record<string, unknown>;
  /** Plain or encrypted; never read here. */
  outputs?: Record<string, unknown>;
  parent?: string;
  /** `URN::ID` */
  provider?: string;
  protect?: boolean;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[] | null>;
  deletedWith?: string;
}

/** The output of `pulumi stack export`. */
export interface Exported {
  deployment?: {
    resources?: ExportedResource[];
    pending_operations?: { resource: ExportedResource }[];
  };
}

/** A resource that names none of those that are gone. */
function without(resource: ExportedResource, gone: ReadonlySet<string>): ExportedResource {
  const { dependencies, propertyDependencies } = resource;
  const left = (urns: readonly string[] | null): string[] => (urns ?? []).filter((urn) => !gone.has(urn));
  return {
    ...resource,
    ...(dependencies && { dependencies: left(dependencies) }),
    ...(propertyDependencies && {
      propertyDependencies: Object.fromEntries(
        Object.entries(propertyDependencies).map(([name, urns]) => [name, left(urns)]),
      ),
    }),
  };
}

/** The state without some resources; the rest of it is as it was, but for names of what is gone. */
export function withoutResources(exported: Exported, urns: Iterable<string>): Exported {
  const gone = new Set(urns);
  const { deployment } = exported;
  const pending = deployment?.pending_operations?.filter(({ resource }) => !gone.has(resource.urn));
  return {
    ...exported,
    deployment: {
      ...deployment,
      resources: (deployment?.resources ?? [])
        .filter(({ urn }) => !gone.has(urn))
        .map((each) => without(each, gone)),
      ...(pending && { pending_operations: pending }),
    },
  };
}
