import { projectName } from "../../../local/project";
import type { Running } from "./progress";

/** Where in a display a resource stands: at a node, or, with an empty one, at the whole. */
export interface Place {
  node: string;
  title: string;
}

/** The names of all that a stack has begin alike. */
const withoutProject = (name: string): string =>
  name.startsWith(`${projectName}-`) ? name.slice(projectName.length + 1) : name;

/** Tells which resources belong to which node: a component calls them after it, `ha-rancher-storage-rancher-1-mounts`. */
export class Places {
  private readonly known = new Map<string, Place>();
  /** Of the column with the nodes' names. */
  readonly width: number;

  /** @param nodes their names */
  constructor(private readonly nodes: readonly string[]) {
    this.width = Math.max(5, ...nodes.map(({ length }) => length));
  }

  /** `mounts` at `rancher-1`; what is a node itself has its kind as title. */
  of({ name, component, kind }: Pick<Running, "name" | "component" | "kind">): Place {
    const rest = name.startsWith(`${component}-`) ? name.slice(component.length + 1) : name;
    const [node] = this.nodes
      .filter((each) => rest === each || rest.startsWith(`${each}-`))
      .sort((one, other) => other.length - one.length);
    const place =
      node === undefined
        ? { node: "", title: withoutProject(name) }
        : { node, title: rest === node ? kind : rest.slice(node.length + 1) };
    this.known.set(name, place);
    return place;
  }

  /** How a resource is called in a sentence, by its name alone; empty for the whole. */
  subject(name: string): string {
    const { node, title } = this.known.get(name) ?? { node: "", title: withoutProject(name) };
    return [node, title].filter(Boolean).join(" ");
  }
}
