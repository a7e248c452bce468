import { connect } from "node:net";

/** Milliseconds in which a server that is not overloaded greets. */
const limit = 1_000;

/** Whether an SSH server greets at an address within a second (RFC 4253, 4.2): without a login, which costs more. */
export async function greets(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  let text = "";
  return await new Promise<boolean>((resolve) => {
    const end = (greeted: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeted);
    };
    const timer = setTimeout(end, limit, false);
    socket
      .on("data", (bytes) => {
        text += bytes.toString("latin1");
        // Other lines may come first.
        if (/^SSH-/m.test(text)) end(true);
        else if (text.length > 4_096) end(false);
      })
      .on("error", () => end(false))
      .on("close", () => end(false));
  });
}
