/** An error of Vagrant's: its kind is the name of its class. */
export class VagrantError extends Error {
  constructor(
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Prints a row as `--machine-readable` has them. */
export function row(target: string, type: string, ...data: string[]): void {
  const plain = data.map((text) =>
    text.replace(/,/g, "%!(VAGRANT_COMMA)").replace(/\n/g, "\\n").replace(/\r/g, "\\r"),
  );
  process.stdout.write(`${Math.floor(Date.now() / 1000)},${target},${type},${plain.join(",")}\n`);
}

export const ui = (text: string): void => row("", "ui", "info", `==> ${text}`);
