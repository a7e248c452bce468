/*
 * Units of systemd that are made for a node from the templates in node/units/.
 */

/**
 * Writes a value so that it stands for itself in a systemd unit: `%` begins a specifier there. Mount units take the
 * rest of the line as it is (systemd.mount(5): no quotes, no escapes), so blanks within need nothing, and what a
 * line cannot hold is refused: control characters, blanks around it, a backslash at its end (a continuation).
 */
export function unitValue(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (!text || /[\u0000-\u001f\u007f]/.test(text) || text !== text.trim() || text.endsWith("\\"))
    throw new Error(
      `${JSON.stringify(text)} cannot stand in a systemd unit: use a text without control characters, blanks around it, or a backslash at its end`,
    );
  return text.replaceAll("%", "%%");
}

/**
 * Fills in a mount unit's template.
 *
 * @param template text with the placeholders `@{WHAT}`, `@{WHERE}` and `@{VERSION}`
 * @param values what to mount, such as `192.168.56.1:/export`, where, and with which version of NFS
 */
export function renderMountUnit(
  template: string,
  values: { what: string; where: string; version: "4.2" | "3" },
): string {
  return fillUnit(template, {
    WHAT: values.what,
    WHERE: values.where,
    // Version 3 keeps the lock of a node that lost its power, for ever: rather none. And it has no delegations, so
    // that only `noac` shows a node what another one wrote.
    VERSION: values.version === "3" ? "3,nolock,noac" : values.version,
  });
}

/**
 * Fills in a unit's template: each `@{NAME}` becomes the value of that name, written so that it stands for itself.
 *
 * @throws if the template has one that is not given, or a value cannot stand in a unit
 */
export function fillUnit(template: string, values: Record<string, string>): string {
  return template.replace(/@\{(\w+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template has ${placeholder}, which nothing is known of`);
    return unitValue(value);
  });
}

/** systemd takes no longer unit name (unit-name.h, UNIT_NAME_MAX, with the end of the string). */
const longestUnitName = 255;

/**
 * The name of the mount unit of a directory, as `systemd-escape --path --suffix=mount` gives it.
 *
 * @param path absolute, without `..`
 */
export function mountUnitName(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (!path.startsWith("/") || parts.includes("..") || path.includes("\0"))
    throw new Error(`${JSON.stringify(path)} is not a mount point: use an absolute path without \`..\``);
  const name = `${parts.length ? escapeUnitName(parts.join("/")) : "-"}.mount`;
  if (name.length > longestUnitName)
    throw new Error(`${JSON.stringify(path)} is too long for the name of a systemd unit: use a shorter path`);
  return name;
}

/** Byte by byte: letters, digits and `:_.` stay (a dot not at the beginning), `/` becomes `-`, the rest `\xNN`. */
function escapeUnitName(text: string): string {
  return Array.from(Buffer.from(text), (byte, i) => {
    const character = String.fromCharCode(byte);
    if (character === "/") return "-";
    if (/[A-Za-z0-9:_.]/.test(character) && !(i === 0 && character === ".")) return character;
    return `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}
