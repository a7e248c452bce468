import type { Socket } from "node:net";
import { constants } from "node:os";
import type { NodeSSH } from "node-ssh";
import type { ClientChannel } from "ssh2";
import { messageOf } from "../../local/errors";
import { SshError } from "./dial";

/**
 * Commands at once on one connection. sshd's MaxSessions is 10. It counts a session for a while after its end, so it
 * may refuse one even below that limit.
 */
const channelsPerConnection = 8;

/** Milliseconds after which an unused connection is closed. Until then it does not keep the process alive. */
const idleLimit = 10_000;

/**
 * Milliseconds in which a node must start a session on an existing connection. After that the connection counts as
 * dead.
 */
const sessionLimit = 20_000;

/** Bytes that a command may print: they are kept in memory, and a node could print for ever. */
const mostOutput = 32 * 2 ** 20;

/** A command that ran to its end. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** The connection was dead before the command was sent: the command has certainly not run. */
export class NotStarted extends Error {}

/** The node has too many sessions on the connection; the command has not run. */
export class SessionRefused extends Error {}

/** What a command prints, in whole packets: a character may be split between two of them. */
class Output {
  private size = 0;
  private readonly chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };

  constructor(private readonly tooMuch: () => void) {}

  take(stream: "stdout" | "stderr", chunk: Buffer): void {
    this.size += chunk.length;
    if (this.size <= mostOutput) this.chunks[stream].push(chunk);
    else this.tooMuch();
  }

  texts(): Pick<Ended, "stdout" | "stderr"> {
    const { stdout, stderr } = this.chunks;
    return { stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  }
}

/** An established connection with its slots. */
export class Connection {
  private free = channelsPerConnection;
  private readonly queue: (() => void)[] = [];
  private idle: NodeJS.Timeout | undefined;
  private retired = false;

  constructor(
    private readonly ssh: NodeSSH,
    private readonly socket: Socket,
    private readonly where: string,
    private readonly onUnusable: () => void,
  ) {
    ssh.connection?.on("close", onUnusable);
    this.rest();
  }

  /** Accepts no further commands, and closes the connection when the running ones have ended. */
  retire(): void {
    this.retired = true;
    this.onUnusable();
    if (this.free === channelsPerConnection) this.close();
  }

  close(): void {
    this.onUnusable();
    clearTimeout(this.idle);
    this.ssh.dispose();
    // A node that is gone never answers the request to close.
    this.socket.destroySoon();
    this.socket.unref();
  }

  private rest(): void {
    if (this.retired) this.close();
    else {
      this.socket.unref();
      this.idle = setTimeout(() => this.close(), idleLimit).unref();
    }
  }

  private async take(signal: AbortSignal): Promise<void> {
    if (this.free > 0) this.free--;
    else
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          this.queue.splice(this.queue.indexOf(granted), 1);
          reject(signal.reason);
        };
        const granted = (): void => {
          signal.removeEventListener("abort", leave);
          resolve();
        };
        this.queue.push(granted);
        signal.addEventListener("abort", leave, { once: true });
      });
    clearTimeout(this.idle);
    this.socket.ref();
  }

  private give(): void {
    const next = this.queue.shift();
    if (next) next();
    else if (++this.free === channelsPerConnection) this.rest();
  }

  /** @param started called once the node has accepted the command */
  async run(
    command: string,
    stdin: string | undefined,
    signal: AbortSignal,
    started: () => void,
  ): Promise<Ended> {
    await this.take(signal);
    try {
      if (this.retired) throw new NotStarted("it had to be closed");
      return await this.runNow(command, stdin, signal, started);
    } finally {
      this.give();
    }
  }

  private async runNow(
    command: string,
    stdin: string | undefined,
    signal: AbortSignal,
    started: () => void,
  ): Promise<Ended> {
    let channel: ClientChannel | undefined;
    const starting = setTimeout(() => this.socket.destroy(), sessionLimit);
    let end = (_why: unknown): void => {};
    const stop = (): void => end(signal.reason);
    const aborted = new Promise<never>((_, reject) => {
      end = (why) => {
        channel?.close();
        this.retire();
        reject(why);
      };
      signal.addEventListener("abort", stop, { once: true });
      if (signal.aborted) stop();
    });
    aborted.catch(() => {});
    const output = new Output(() =>
      end(new SshError("lost", `a command on ${this.where} printed more than ${mostOutput / 2 ** 20} MiB`)),
    );
    const running = this.ssh.execCommand(command, {
      stdin,
      noTrim: true,
      onChannel: (opened) => {
        channel = opened;
        started();
        clearTimeout(starting);
        if (signal.aborted) channel.close();
      },
      // node-ssh decodes each packet separately, which breaks characters that are split between two packets.
      onStdout: (chunk) => output.take("stdout", chunk),
      onStderr: (chunk) => output.take("stderr", chunk),
    });
    running.catch(() => {});
    try {
      const { code, signal: killed } = await Promise.race([running, aborted]);
      if (code === null && killed === null)
        throw new SshError(
          "lost",
          `the connection to ${this.where} broke while a command was running there: the machine or its network went away. Whether the command finished is not known.`,
        );
      const number = killed
        ? (constants.signals[`SIG${killed.replace(/^SIG/, "")}` as NodeJS.Signals] ?? 0)
        : 0;
      return { code: code ?? 128 + number, ...output.texts() };
    } catch (error) {
      if (error instanceof SshError) throw error;
      const reason = messageOf(error);
      throw /Channel open failure/.test(reason) ? new SessionRefused(reason) : new NotStarted(reason);
    } finally {
      clearTimeout(starting);
      signal.removeEventListener("abort", stop);
    }
  }
}
