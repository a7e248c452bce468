/** One file of an archive. */
export interface ArchivedFile {
  /** Relative, at most 100 bytes. */
  path: string;
  /** Octal, such as `0755`. */
  mode: string;
  content: string;
}

const blockSize = 512;

/** A header of POSIX.1-1988's ustar format (pax(1), "ustar Interchange Format"): root's file, of 1970. */
export function ustarHeader({ path, mode }: Omit<ArchivedFile, "content">, size: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`${path} is too long a name for an archive: 100 bytes`);
  const block = Buffer.alloc(blockSize);
  const put = (offset: number, text: string): void => void block.write(text, offset);
  const octal = (offset: number, digits: number, value: number): void =>
    put(offset, value.toString(8).padStart(digits, "0"));
  put(0, path);
  octal(100, 7, Number.parseInt(mode, 8));
  octal(108, 7, 0);
  octal(116, 7, 0);
  octal(124, 11, size);
  octal(136, 11, 0);
  put(156, "0");
  put(257, "ustar\u000000");
  put(265, "root");
  put(297, "root");
  // The sum counts its own field as blanks.
  put(148, " ".repeat(8));
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** What follows a file's content, so that the next header begins with a block. */
export const ustarPadding = (size: number): Buffer =>
  Buffer.alloc((blockSize - (size % blockSize)) % blockSize);

/** What ends an archive. */
export const ustarEnd = (): Buffer => Buffer.alloc(2 * blockSize);

/** A tar archive of some files, the same bytes for the same files. */
export function ustar(files: readonly ArchivedFile[]): Buffer {
  const blocks = files.flatMap((file) => {
    const content = Buffer.from(file.content);
    return [ustarHeader(file, content.length), content, ustarPadding(content.length)];
  });
  return Buffer.concat([...blocks, ustarEnd()]);
}
