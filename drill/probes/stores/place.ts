/* Where the drill's client writes: a URL, whose scheme says what kind of service is there. */

/** The variable with the password of a place's user: a command line is seen by everybody on the machine. */
export const passwordVariable = "DRILL_PASSWORD";

/** A place, as a command line names it, by its scheme. */
const forms = {
  postgres: "postgres://USER@HOST/DATABASE",
  redis: "redis://HOST",
  http: "http://HOST/FOLDER",
  https: "https://HOST/FOLDER",
  rancher: "rancher://USER@HOST",
  keys: "keys://HOST",
} as const;

export type Scheme = keyof typeof forms;

/** What people may name; the lab's stand-in for Rancher is found by the drill itself. */
export const placeForms = [forms.postgres, forms.redis, forms.https, forms.rancher].join(", ");

const schemeOf = (url: URL): string => url.protocol.slice(0, -1).replace("postgresql", "postgres");

/** A place, taken apart. */
export interface Place {
  scheme: Scheme;
  url: URL;
}

/** @throws Error with the rule that it breaks */
export function parsePlace(text: string): Place {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const scheme = url && schemeOf(url);
  if (!url || !scheme || !Object.hasOwn(forms, scheme) || url.hostname === "")
    throw new Error(`must be a place such as ${placeForms}`);
  if (url.password !== "")
    throw new Error(`must have no password in it: give it in the variable ${passwordVariable}`);
  return { scheme: scheme as Scheme, url };
}

/** The URL with its user's password, for a client that takes it so. It is for this process's memory alone. */
export function withPassword(url: URL, password: string | undefined): string {
  const whole = new URL(url);
  if (password !== undefined) whole.password = encodeURIComponent(password);
  return whole.href;
}
