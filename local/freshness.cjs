// Plain JavaScript, used before anything is compiled: the one rule of when the compiled program is current.
//
// A stamp beside the compiled program lists the sources that it was made from, with size and time of change. The
// program is current if just these sources are there, unchanged. It is written only after a successful build: the
// compiler writes its output even when it finds errors.

const { readdirSync, readFileSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { join, relative } = require("node:path");

const stampFile = (root) => join(root, "dist", ".built.json");

/** Sizes and times of all sources below the package's root, by path. */
function sources(root) {
  const found = {};
  const add = (file) => {
    const { size, mtimeMs } = statSync(file);
    found[relative(root, file)] = `${size} ${mtimeMs}`;
  };
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const { name } = entry;
      if (entry.isDirectory()) {
        if (!name.startsWith(".") && name !== "node_modules" && name !== "dist") walk(join(folder, name));
      } else if (name.endsWith(".ts")) add(join(folder, name));
    }
  };
  walk(root);
  // An installed package has no sources, and nothing that could be stale.
  if (Object.keys(found).length > 0) add(join(root, "tsconfig.json"));
  return found;
}

/** Why the compiled program is not current; undefined if it is, or if there are no sources. */
function staleness(root) {
  const now = sources(root);
  if (Object.keys(now).length === 0) return undefined;
  let built;
  try {
    built = JSON.parse(readFileSync(stampFile(root), "utf8"));
  } catch {
    return "it was not compiled, or not without errors";
  }
  for (const file of Object.keys(now)) {
    if (built[file] === undefined) return `${file} is new`;
    if (built[file] !== now[file]) return `${file} has changed`;
  }
  for (const file of Object.keys(built)) if (now[file] === undefined) return `${file} is gone`;
  return undefined;
}

/** To be called before a build: until it has succeeded, nothing is current. */
const invalidate = (root) => rmSync(stampFile(root), { force: true });

/** To be called after a successful build, with the sources as they were before it. */
function confirm(root, built) {
  writeFileSync(stampFile(root), `${JSON.stringify(built)}\n`);
}

module.exports = { sources, staleness, invalidate, confirm };
