import type { Fields } from "../fields";

/** Inputs that containers and volumes have alike. */
export const commonFields = {
  name: {
    is: "string",
    required: true,
    rule: (value: string) =>
      /^[A-Za-z0-9][\w.-]+$/.test(value)
        ? undefined
        : "must be two or more letters, digits, dots, dashes or underscores, and start with a letter or digit",
  },
  labels: {
    is: "list",
    of: {
      is: "object",
      fields: { label: { is: "string", required: true }, value: { is: "string", required: true } },
    },
  },
} satisfies Fields;
