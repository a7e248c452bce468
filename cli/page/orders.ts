import type { PageModel } from "./model";

/** A button: what it says, what is asked before, and what it orders. The page shows it, and sends its order back. */
export interface Button {
  /** Unique on the page. */
  id: string;
  label: string;
  /** For who does not see where it stands; default: the label. */
  name?: string;
  /** What the page sends; with a reason beside it, where one is asked for. */
  order: Readonly<Record<string, unknown>>;
  /** What is asked before; undefined: it is done at once. */
  sure?: { title: string; text: string; yes: string; needsReason?: boolean };
}

/** The buttons of a page, which say what can be ordered now: of each node by its name, and of all together. */
export interface Buttons {
  all: Button[];
  nodes: Readonly<Record<string, Button[]>>;
}

/** How an order went. */
export interface Outcome {
  ok: boolean;
  /** What was said of it. */
  text: string;
}

/** An order that may be carried out. */
export interface Order {
  /** Such as `switchover`. */
  name: string;
  carry(): Promise<Outcome>;
}

/** What can be ordered on a page. */
export interface Orders {
  /** Those that fit what is. */
  buttons(model: PageModel): Buttons;
  /** Reads what a page has sent. @throws Error if it is no order */
  read(given: unknown): Order;
}
