import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isPinnedReference, parseImage } from "../domain/image";
import { passedOn } from "../local/child-environment";
import { run, tryRun } from "../local/run";

/** Wraps a command line so that it runs in the lab's network namespace, where the registry can be reached. */
export type Within = (argv: string[]) => string[];

export interface RegistryOptions {
  /** The folder for its configuration, images, log and pid file; made if missing. */
  home: string;
  /** The IPv4 address on which it listens; an interface must have it. */
  address: string;
  port: number;
  command: Within;
}

const startTimeout = 30_000;
const stopTimeout = 5_000;
/** The header with the registry's folder, so that another registry at the same address is not mistaken for this one. */
const identity = "X-Registry-Home";

const files = (home: string) => ({
  configuration: join(home, "registry.json"),
  log: join(home, "registry.log"),
  pid: join(home, "registry.pid"),
});

/**
 * The configuration of Debian's docker-registry (distribution 2.8), as JSON, which is YAML: plain HTTP, no upstream.
 */
function configuration({ home, address, port }: RegistryOptions): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(home, "storage") } },
    http: { addr: `${address}:${port}`, headers: { [identity]: [home] } },
  });
}

const split = ([program, ...args]: string[]): [string, string[]] => {
  if (program === undefined) throw new Error("an empty command");
  return [program, args];
};

/** The registry's process id; undefined if it does not run, or if another process has the id in the pid file. */
async function runningPid(home: string): Promise<number | undefined> {
  const pid = Number(await readFile(files(home).pid, "utf8").catch(() => ""));
  if (!pid) return undefined;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return commandLine.split("\0").includes(files(home).configuration) ? pid : undefined;
}

async function answers({ home, address, port, command }: RegistryOptions): Promise<boolean> {
  const url = `http://${address}:${port}/v2/`;
  const [program, args] = split(command(["curl", "-sfI", "--noproxy", "*", "-m", "2", url]));
  const { stdout } = await tryRun(program, args);
  return stdout.split(/\r?\n/).some((line) => line.toLowerCase() === `${identity}: ${home}`.toLowerCase());
}

/** The end of the registry's log, for errors. */
async function lastWords(home: string): Promise<string> {
  const log = await readFile(files(home).log, "utf8").catch(() => "");
  return log.trim().split("\n").slice(-5).join("\n");
}

/**
 * Starts Debian's docker-registry in the background and waits until it answers. If it runs already with the same
 * address and port, nothing is done. Call it only under the lab's lock.
 */
export async function startRegistry(options: RegistryOptions): Promise<void> {
  const { home } = options;
  const file = files(home);
  const wanted = configuration(options);
  const asBefore = (await readFile(file.configuration, "utf8").catch(() => "")) === wanted;
  if (asBefore && (await runningPid(home)) !== undefined && (await answers(options))) return;
  await stopRegistry(home);

  await mkdir(home, { recursive: true });
  await writeFile(file.configuration, wanted);
  // The shell writes its pid, which the registry then has, whatever `command` adds around it.
  const script = 'echo $$ >"$1" && exec docker-registry serve "$2"';
  const [program, args] = split(options.command(["sh", "-c", script, "sh", file.pid, file.configuration]));
  const log = openSync(file.log, "w", 0o600);
  const child = spawn(program, args, {
    cwd: "/",
    detached: true,
    env: passedOn(process.env),
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, signal) => {
    ended ??= `ended with ${signal ?? `code ${code}`}`;
  });
  child.unref();

  const deadline = Date.now() + startTimeout;
  while (!(await answers(options))) {
    if (ended === undefined && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    await stopRegistry(home);
    const words = await lastWords(home);
    throw new Error(
      `the lab's registry on ${options.address}:${options.port} ${ended ?? `did not answer for ${startTimeout / 1000} s`}; its log ${file.log} says:\n${words}`,
    );
  }
}

/** Stops the registry that has its files in `home`, if it runs, and waits until it is gone. */
export async function stopRegistry(home: string): Promise<void> {
  const deadline = Date.now() + stopTimeout;
  for (let pid = await runningPid(home); pid !== undefined; pid = await runningPid(home)) {
    try {
      process.kill(pid, Date.now() < deadline ? "SIGTERM" : "SIGKILL");
    } catch {
      // It has just ended.
    }
    await sleep(50);
  }
  await rm(files(home).pid, { force: true });
}

export interface PushOptions {
  /** Folder with the OCI layout, in which the image has the reference's tag. */
  layout: string;
  /** `REPOSITORY:TAG@sha256:...` */
  reference: string;
  /** `http://ADDRESS:PORT` */
  registry: string;
  command: Within;
}

/** Parses `REPOSITORY:TAG@sha256:...`. */
export function parseReference(reference: string): { repository: string; tag: string; digest: string } {
  const { repository, tag, digest } = parseImage(reference);
  if (!isPinnedReference(reference) || !tag || !digest)
    throw new Error(`\`${reference}\` is not of the form REPOSITORY:TAG@sha256:DIGEST`);
  return { repository, tag, digest };
}

/**
 * Copies an image to a registry, byte for byte (its digest stays). If the registry has it under its tag, nothing is
 * done.
 */
export async function pushImage(options: PushOptions): Promise<void> {
  const { repository, tag, digest } = parseReference(options.reference);
  const manifest = `${options.registry}/v2/${repository}/manifests/${tag}`;
  const stored = async (): Promise<string | undefined> => {
    const accept = "Accept: application/vnd.oci.image.manifest.v1+json";
    const [program, args] = split(
      options.command(["curl", "-sfI", "--noproxy", "*", "-m", "10", "-H", accept, manifest]),
    );
    const { stdout } = await tryRun(program, args);
    return /^docker-content-digest:\s*(\S+)/im.exec(stdout)?.[1];
  };
  if ((await stored()) === digest) return;

  const target = `docker://${options.registry.replace(/^http:\/\//, "")}/${repository}:${tag}`;
  const copy = [
    "skopeo",
    "--insecure-policy",
    "copy",
    "--quiet",
    "--preserve-digests",
    "--dest-tls-verify=false",
  ];
  const [program, args] = split(options.command([...copy, `oci:${options.layout}:${tag}`, target]));
  // Proxies do not know the lab's addresses; curl has an option for this.
  const env = { ...passedOn(process.env), NO_PROXY: "*", no_proxy: "*" };
  await run(program, args, { env, timeout: 120_000 });
  const now = await stored();
  if (now !== digest) {
    throw new Error(
      `the registry ${options.registry} has ${repository}:${tag} as ${now ?? "nothing"} in place of ${digest}: remove its storage and try again`,
    );
  }
}
