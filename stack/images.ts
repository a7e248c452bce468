import { familiarName, parseImage } from "../domain/image";
import { callOf } from "../local/called";
import type { NodeReport, NodeStatus } from "./node-report";

type Image = NonNullable<NodeStatus["image"]>;

/** A node whose container and image are known. */
interface Known {
  node: string;
  container: string;
  image: Image & { id: string; name: string };
}

function knownOf({ name, status }: NodeReport): Known[] {
  const { image, container } = status ?? {};
  if (!image?.id || !image.name || !container?.name) return [];
  return [{ node: name, container: container.name, image: { ...image, id: image.id, name: image.name } }];
}

/** The digest under which an image came from the registry that its name says. */
function digestOf({ name, digests }: Known["image"]): string | undefined {
  const wanted = familiarName(parseImage(name).repository);
  const all = (digests ?? []).map(parseImage);
  return (all.find(({ repository }) => familiarName(repository) === wanted) ?? all[0])?.digest;
}

/** Nodes of two architectures have other ids of one digest, and what was loaded from an archive has no digest. */
function isSame(one: Known["image"], other: Known["image"]): boolean {
  const [digest, its] = [digestOf(one), digestOf(other)];
  return one.id === other.id || (digest !== undefined && digest === its);
}

const short = (id: string): string => id.slice(0, "sha256:".length + 12);

const shown = ({ node, image }: Known): string => `${short(digestOf(image) ?? image.id)} on ${node}`;

/** What makes all nodes have one image for good: the service moves to it in order. */
const wayOut = (name: string, right: string | undefined): string =>
  `say in \`image\` which one is right (\`image: ${name}@${right ?? "sha256:..."}\`), then \`${callOf("up")}\``;

/** Nodes whose containers of one name are made from other images: the tag has moved between their downloads. */
export function differentImages(nodes: NodeReport[]): string[] {
  const known = nodes.flatMap(knownOf);
  const owner = nodes.find(({ status }) => status?.lease?.heldHere)?.name;
  const first = known.find(({ node }) => node === owner) ?? known[0];
  if (!first) return [];
  // In the middle of an upgrade nodes have containers of two names, and of two images.
  const others = known.filter(
    ({ container, image }) => container === first.container && !isSame(first.image, image),
  );
  if (others.length === 0) return [];
  const { name } = first.image;
  const all = [first, ...others].map(shown).join(", ");
  return [`nodes have different images of ${name} (${all}): ${wayOut(name, digestOf(first.image))}`];
}

/** Nodes on which the image's name means another image than the one that the container is made from. */
export function movedTags(nodes: NodeReport[]): string[] {
  return nodes.flatMap(knownOf).flatMap(({ node, image }) => {
    const { id, name, named } = image;
    if (!named || named === id) return [];
    return [
      `on ${node} ${name} is ${short(named)} now, and its container is made from ${short(id)}: what is made anew there is made from the other one: ${wayOut(name, digestOf(image))}`,
    ];
  });
}
