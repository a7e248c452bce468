import { randomBytes } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { checkInputs } from "../validation";

export interface PasswordInputs {
  length: number;
}

export interface PasswordOutputs extends PasswordInputs {
  value: string;
}

/** Letters and digits, without those that look alike: 0 O o, 1 I l. */
const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/** A random password; every character equally likely. */
export function generatePassword(length: number): string {
  let password = "";
  while (password.length < length) {
    for (const byte of randomBytes(length)) {
      // Bytes above the largest multiple of the alphabet's length would favour its beginning.
      if (byte < 256 - (256 % alphabet.length) && password.length < length)
        password += alphabet[byte % alphabet.length];
    }
  }
  return password;
}

const length = z
  .int("must be a whole number of characters")
  .min(12, "must be 12 or more: shorter passwords are guessed")
  .max(128, "must be 128 or less");

const schema = z.object({ length });

/** The provider of {@link Password}. */
export const password = {
  async check(_olds: object, news: object): Promise<pulumi.dynamic.CheckResult> {
    return checkInputs(schema, news, { length: 24 });
  },

  async diff(_id: string, olds: PasswordOutputs, news: PasswordInputs): Promise<pulumi.dynamic.DiffResult> {
    const replaces = olds.length === news.length ? [] : ["length"];
    return { changes: replaces.length > 0, replaces, stables: ["value"] };
  },

  async create({ length }: PasswordInputs): Promise<pulumi.dynamic.CreateResult<PasswordOutputs>> {
    return { id: "password", outs: { length, value: generatePassword(length) } };
  },

  /** A password exists only in the state, so there is nothing to read. */
  async read(id: string, { length, value }: PasswordOutputs): Promise<pulumi.dynamic.ReadResult> {
    return { id, props: { length, value }, inputs: { length } };
  },

  async update(
    _id: string,
    { value }: PasswordOutputs,
    { length }: PasswordInputs,
  ): Promise<pulumi.dynamic.UpdateResult<PasswordOutputs>> {
    return { outs: { length, value } };
  },

  async delete(): Promise<void> {},
};
