import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { shellQuote } from "../../domain/shell-quote";
import { type FilesInputs, type FilesOutputs, files } from "../../providers/remote/files-provider";
import type { FileState } from "../../providers/remote/files-script";
import { ownOwner, type TestServer } from "./remote-server";

/** A resource with one file, as one flat object. */
export interface One extends FileState {
  ssh: FilesInputs["ssh"];
  path: string;
  afterWrite?: string;
  afterDelete?: string;
}

export const inputs = ({ ssh, path, afterWrite, afterDelete, ...file }: One): FilesInputs => ({
  ssh,
  files: { [path]: file },
  afterWrite,
  afterDelete,
});

export const outputs = (given: One): FilesOutputs => ({ ...inputs(given), unfinished: false, retired: [] });

/** What an error says that leaves a resource half made. */
export interface HalfMade {
  id: string;
  properties: FilesOutputs;
  reasons: string[];
}

export async function failure(action: Promise<unknown>): Promise<Error & Partial<HalfMade>> {
  try {
    await action;
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  }
  assert.fail("it should have failed");
}

export const text = (path: string): string => readFileSync(path, "utf8");
export const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

export async function create(given: FilesInputs): Promise<FilesOutputs> {
  const { outs } = await files.create(given);
  assert.ok(outs);
  return outs;
}

export async function update(olds: FilesOutputs, news: FilesInputs): Promise<FilesOutputs> {
  const { outs } = await files.update("id", olds, news);
  assert.ok(outs);
  return outs;
}

/** What is found on the node; undefined if there is nothing. */
export async function read(outs: FilesOutputs): Promise<FilesOutputs | undefined> {
  const { id, props } = await files.read("id", outs);
  return id ? (props as FilesOutputs) : undefined;
}

/** Makes inputs and notes below a test server's folder. */
export class Scratch {
  private count = 0;

  constructor(private readonly server: () => TestServer) {}

  /** A file of its own, in a folder of its own that does not exist yet. */
  one(given: Partial<One> = {}): One {
    return {
      ssh: this.server().endpoint,
      path: this.server().path(`etc${++this.count}/app.conf`),
      content: "one\n",
      mode: "0640",
      owner: ownOwner(),
      ...given,
    };
  }

  /** A command that appends a line to a file. */
  note(name: string, line = "x"): string {
    return `echo ${shellQuote(line)} >> ${shellQuote(this.server().path(name))}`;
  }

  notes(name: string): string[] {
    const path = this.server().path(name);
    return existsSync(path) ? text(path).trim().split("\n") : [];
  }
}
