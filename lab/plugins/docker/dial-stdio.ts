import { Agent } from "node:http";
import { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";

type Done = (error?: Error | null) => void;

/** A channel through which the node's docker program relays bytes to the engine's socket. */
export interface Dialed {
  channel: ClientChannel;
  /** Resolves when the channel is closed: with the error, or undefined if it ended well. */
  ended: Promise<Error | undefined>;
}

/**
 * Call this in the callback that gets the channel. A program that fails at once sends its exit code in the same packet
 * as its start, and ssh2 does not keep events for later listeners.
 *
 * @param explain makes an error from the output of the program at the other end, and its exit code
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
  // Only `close` is final: the exit code may come after the end or a failed write, and says more.
  const ended = new Promise<Error | undefined>((resolve) => {
    channel.on("close", () => resolve(code ? explain(code, said.trim()) : failure));
  });
  return { channel, ended };
}

/**
 * A stream to an engine's API. Like a socket it exists before it is connected, since Node's HTTP agent counts sockets
 * from their creation.
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
      // After an error the stream waits for `close`; see `dialed`.
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

  // Node's HTTP client also needs this of a socket. SSH has its own keepalive.
  setKeepAlive = (): this => this;
  setNoDelay = (): this => this;
  setTimeout = (): this => this;
  ref = (): this => this;
  unref = (): this => this;
}

/** Requests at once; sshd's MaxSessions allows at most 10. Streams are reused. */
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
