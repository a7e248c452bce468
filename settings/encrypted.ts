import { randomUUID } from "node:crypto";

/** A value that only Pulumi can decrypt, where a stack's file is read without Pulumi. */
export type Encrypted = string & { readonly __encrypted: never };

/** Stands for each such value. No text that anybody writes is this one. */
export const encrypted = `[encrypted ${randomUUID()}]` as Encrypted;

export const isEncrypted = (value: unknown): value is Encrypted => value === encrypted;
