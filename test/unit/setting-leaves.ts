import { z } from "zod";
import { unwrapped } from "../../settings/decode";
import { settingsSchema } from "../../settings/schema";

/* The settings of the schema one by one, for tests that must leave none out. */

export interface Leaf {
  /** `nodes[].host.port`; `{}` stands for any name. */
  path: string;
  kind: "number" | "truth" | "choice" | "text";
  /** Of numbers: the bounds. */
  least?: number;
  most?: number;
}

const isTruthOrNumber = (type: z.ZodType): boolean =>
  type instanceof z.ZodNumber || type instanceof z.ZodBoolean;

function leavesOf(declared: z.ZodType, path: string): Leaf[] {
  const type = unwrapped(declared);
  if (type instanceof z.ZodObject)
    return Object.entries<z.ZodType>(type.shape).flatMap(([name, each]) =>
      leavesOf(each, path === "" ? name : `${path}.${name}`),
    );
  if (type instanceof z.ZodArray) return leavesOf(type.element as z.ZodType, `${path}[]`);
  if (type instanceof z.ZodRecord) return leavesOf(type.valueType as z.ZodType, `${path}.{}`);
  if (type instanceof z.ZodNumber)
    return [{ path, kind: "number", least: type.minValue ?? 0, most: type.maxValue ?? 0 }];
  if (type instanceof z.ZodBoolean) return [{ path, kind: "truth" }];
  if (type instanceof z.ZodEnum) return [{ path, kind: "choice" }];
  const options = type instanceof z.ZodUnion ? (type.options as z.ZodType[]) : [];
  if (options.length > 0 && options.every((each) => each instanceof z.ZodLiteral || isTruthOrNumber(each)))
    return [{ path, kind: "choice" }];
  return [{ path, kind: "text" }];
}

export const leaves: readonly Leaf[] = leavesOf(settingsSchema, "");
