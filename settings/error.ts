import { type Mistake, sentenceOf } from "../domain/mistake";

/** Who has more of them at once reads no longer list. */
const mostShown = 20;

/** All mistakes of a stack's settings. Its message says them all, for people. */
export class SettingsError extends Error {
  override name = "SettingsError";

  constructor(readonly mistakes: readonly Mistake[]) {
    super(
      [
        `the settings have ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}; nothing was changed:`,
        ...mistakes.slice(0, mostShown).map((each) => `  - ${sentenceOf(each)}`),
        ...(mistakes.length > mostShown ? [`  - and ${mistakes.length - mostShown} more`] : []),
        "Correct them in the stack's file (Pulumi.<stack>.yaml) or with `pulumi config set`.",
      ].join("\n"),
    );
  }
}
