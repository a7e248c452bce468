import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { packageRoot } from "../../local/root";

/** Runs a script with the guard's parts at hand. */
function bash(script: string): string {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `source ./node.bash\n${script}`], {
    cwd: join(packageRoot, "node", "guard"),
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout.trim();
}

test("a process that ends while it is looked at is no error", () => {
  const said = bash(`
    set -u
    for ((i = 0; i < 3000; i++)); do
      true &
      process_ended "$!" || true
    done 2>/dev/null
    echo alive
  `);
  assert.equal(said, "alive");
});

test("a process that has ended and that nobody has waited for has ended", () => {
  const said = bash(`
    tell() { if process_ended "$2"; then echo "$1 ended"; else echo "$1 lives"; fi; }
    # Its parent is a program that waits for nobody; the shell before it would, so it ends after that one is gone.
    note=$(mktemp)
    trap 'rm "$note"' EXIT
    bash -c 'sleep 0.5 & echo $! >"$0"; exec sleep 10' "$note" &
    sleeper=$!
    sleep 1.5
    zombie=$(<"$note")
    kill -0 "$zombie" && echo 'the zombie is there'
    tell zombie "$zombie"
    tell sleeper "$sleeper"
    kill "$sleeper"
    tell own $$
    sleep 0 & wait $!
    tell gone $!
  `);
  assert.deepEqual(said.split("\n"), [
    "the zombie is there",
    "zombie ended",
    "sleeper lives",
    "own lives",
    "gone ended",
  ]);
});

test("a name with a parenthesis and a Z in it says nothing of a process", () => {
  const said = bash(`
    directory=$(mktemp -d)
    trap 'rm -r "$directory"' EXIT
    cp "$(command -v sleep)" "$directory/a) Z 1"
    "$directory/a) Z 1" 5 &
    sleep 0.2
    if process_ended $!; then echo ended; else echo lives; fi
    kill $!
  `);
  assert.equal(said, "lives");
});
