import { Agent } from "node:http";
import { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";

type Done = (error?: Error | null) => void;

/** A channel on which the node's docker program passes bytes on to the engine's socket. */
export interface Dialed {
  channel: ClientChannel;
  /** What went wrong when the channel is closed; undefined if it ended well. */
  ended: Promise<Error | undefined>;
}

/**
 * To be called in the very callback that brings the channel: a program that fails at once tells its exit code in
 * the same packet that says that it started, and ssh2 does not keep events for later listeners.
 *
 * @param explain makes an error of what the program at the other end printed, and its exit code
 */
export function dialed(channel: ClientChannel, explain: (code: number, said: string) => Error): Dialed {
  let said = "";
  let code: number | null = null;
  let failure: Error | undefined;
  channel.stderr.on("data", (data: Buffer) => {
    said += data.toString();
  });
  channel.on("exit", (status: number | null) => {
    code = status;
  });
  channel.on("error", (error: Error) => {
    failure = error;
  });
  // Only `close` is the last word: the exit code may come after the end or a failed write, and says more.
  const ended = new Promise<Error | undefined>((resolve) => {
    channel.on("close", () => resolve(code ? explain(code, said.trim()) : failure));
  });
  return { channel, ended };
}

/**
 * A stream to an engine's API. It exists before its channel does, as a socket does, since Node's HTTP agent counts
 * its sockets when they are made and not when they are connected.
 */
class DialStdio extends Duplex {
  private readonly channel: Promise<ClientChannel>;

  constructor(opening: Promise<Dialed>) {
    super();
    this.channel = opening.then(({ channel }) => channel);
    opening.then(
      async ({ channel, ended }) => {
        channel.on("data", (data: Buffer) => {
          if (!this.push(data)) channel.pause();
        });
        this.destroy(await ended);
      },
      (error) => this.destroy(error),
    );
  }

  private withChannel(action: (channel: ClientChannel) => void, done: Done): void {
    this.channel.then(action, done);
  }

  override _read(): void {
    this.withChannel(
      (channel) => channel.resume(),
      () => {},
    );
  }

  override _write(data: Buffer, encoding: BufferEncoding, done: Done): void {
    this.withChannel((channel) => {
      // After an error the stream waits for `close`, see dialed.
      channel.write(data, encoding, (error) => !error && done());
    }, done);
  }

  override _final(done: Done): void {
    this.withChannel((channel) => channel.end(done), done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.withChannel(
      (channel) => channel.close(),
      () => {},
    );
    done(error);
  }

  // What Node's HTTP client asks of a socket besides: SSH has its own signs of life.
  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  setTimeout = (): this => this;
  ref = (): this => this;
  unref = (): this => this;
}

/** Requests at once; more than sshd's MaxSessions of 10 could not be. Streams are used again. */
const requestsAtOnce = 4;

/** Node's HTTP client over {@link DialStdio}. */
export class DialStdioAgent extends Agent {
  constructor(private readonly open: () => Promise<Dialed>) {
    super({ keepAlive: true, maxSockets: requestsAtOnce });
  }

  override createConnection(): Duplex {
    return new DialStdio(this.open());
  }
}
