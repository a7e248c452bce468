import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endMarked, type Marked, marked } from "../../local/marked";
import { packageRoot } from "../../local/root";

/** The environment variable of all processes of a run: the run's id, and the job. */
const mark = "HA_RANCHER_TEST_RUN";

/** The variable with the folder for files that must not wait for a disk; tests read it. */
const memoryVariable = "HA_RANCHER_TEST_MEMORY";

/**
 * What tools leave: pytest its last three runs, knip and ts-node what they have compiled, Pulumi's language host (3.65,
 * proxy_unix.go) the folder of its pipes when Pulumi ends it.
 */
const leftByTools = /^(pytest-of-.*|jiti|ts-node-.*|pulumi-node-pipes\d+)$/;

/**
 * One run of the tests. Every process that it starts has its mark and puts temporary files into its folders. If this
 * process ends, a watcher ends what still runs.
 */
export class TestRun {
  private readonly id: string;
  /** The folders for temporary files; each has a folder for each job. */
  readonly folders: { disk: string; memory: string };
  private readonly release: () => void;
  /** The jobs, in the order of their folders' numbers. */
  private readonly jobs: string[] = [];

  constructor() {
    const outer = process.env[mark];
    // A run inside a test is part of that test.
    this.id = `${outer ? `${outer}.` : ""}${randomBytes(6).toString("hex")}`;
    const memory = process.env[memoryVariable] ?? (existsSync("/dev/shm") ? "/dev/shm" : tmpdir());
    // The names are short: paths of sockets have 107 bytes at most.
    this.folders = {
      disk: mkdtempSync(join(tmpdir(), "hrt-")),
      memory: mkdtempSync(join(memory, "hrt-")),
    };
    const watcher = spawn(join(packageRoot, "local", "marked.sh"), [`${mark}=${this.id}:`], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    watcher.on("error", () => {});
    watcher.unref();
    this.release = () => watcher.stdin.end();
  }

  /** The environment of a job's program, with folders of its own. */
  environment(job: string): NodeJS.ProcessEnv {
    // NODE_TEST_CONTEXT is set inside a test; a test runner would then do nothing. The others change texts that tests read:
    // their colours, and how the program's commands are named in them.
    const {
      NODE_TEST_CONTEXT: _,
      CI: _ci,
      FORCE_COLOR: _color,
      HA_RANCHER_CALLED_AS: _as,
      ...env
    } = process.env;
    const number = String(this.jobs.push(job) - 1);
    const disk = join(this.folders.disk, number);
    const memory = join(this.folders.memory, number);
    for (const folder of [disk, memory]) mkdirSync(folder);
    return { ...env, NO_COLOR: "1", [mark]: `${this.id}:${job}`, TMPDIR: disk, [memoryVariable]: memory };
  }

  /** The living processes of the run, each with its job. */
  processes(): (Marked & { job: string })[] {
    return marked(mark, `${this.id}:`).map((each) => {
      const job = each.value.slice(this.id.length + 1);
      return { ...each, job: this.jobs.find((name) => job.startsWith(name)) ?? job };
    });
  }

  /** The files in the folders for temporary files, each with its job. */
  files(): { path: string; job: string }[] {
    return Object.values(this.folders).flatMap((folder) =>
      this.jobs.flatMap((job, number) =>
        readdirSync(join(folder, `${number}`))
          .filter((name) => !leftByTools.test(name))
          .map((name) => ({
            path: join(folder, `${number}`, name),
            job,
          })),
      ),
    );
  }

  /** Ends all processes of a job, or of the whole run; returns those that were alive. */
  async endProcesses(job = ""): Promise<Marked[]> {
    return await endMarked(mark, `${this.id}:${job}`);
  }

  /** Ends the processes that are left, and removes the folders. */
  async end(): Promise<void> {
    await this.endProcesses();
    for (const folder of Object.values(this.folders)) rmSync(folder, { recursive: true, force: true });
    this.release();
  }
}
