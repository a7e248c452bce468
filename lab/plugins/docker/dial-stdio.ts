import { Agent } from "node:http";
import { Duplex } from "node:stream";
import type { ClientChannel } from "ssh2";

type Done = (error?: Error | null) => void;

/**
 * A stream to an engine's API: the node's own docker program passes bytes between an SSH channel and the engine's
 * socket. It exists before the channel does, as a socket does, since Node's HTTP agent counts its sockets when they
 * are made and not when they are connected.
 */
class DialStdio extends Duplex {
  private readonly channel: Promise<ClientChannel>;

  /** @param explain makes an error of what the program at the other end printed, and its exit code */
  constructor(open: () => Promise<ClientChannel>, explain: (code: number, said: string) => Error) {
    super();
    this.channel = open();
    this.channel.then(
      (channel) => {
        let said = "";
        channel.on("data", (data: Buffer) => {
          if (!this.push(data)) channel.pause();
        });
        channel.stderr.on("data", (data: Buffer) => {
          said += data.toString();
        });
        channel.on("exit", (code: number | null) => {
          if (code) this.destroy(explain(code, said.trim()));
        });
        // The end and a failed write may come before the exit code, which says why: only `close` is the last word.
        let failure: Error | undefined;
        channel.on("error", (error: Error) => {
          failure = error;
        });
        channel.on("close", () => this.destroy(failure));
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
      // After an error the stream waits for `close`, see above.
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
  constructor(
    private readonly open: () => Promise<ClientChannel>,
    private readonly explain: (code: number, said: string) => Error,
  ) {
    super({ keepAlive: true, maxSockets: requestsAtOnce });
  }

  override createConnection(): Duplex {
    return new DialStdio(this.open, this.explain);
  }
}
