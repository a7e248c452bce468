import vm from "node:vm";

/** An element of a page, as far as the page of the lab's stand-in uses it. */
interface Element {
  textContent: string | number;
  className: string;
  prepend(child: Element): void;
}

/** A page's own program, run without a browser: what it would show, by the ids of its elements. */
export class Page {
  private readonly elements = new Map<string, Element & { children: Element[] }>();
  private readonly timers: NodeJS.Timeout[] = [];
  private isOver = false;

  private constructor(private readonly base: string) {}

  /**
   * Loads a page and runs its program, until {@link close}.
   *
   * @param url where it is; what it asks for by a path is asked there
   */
  static async open(url: string): Promise<Page> {
    const page = new Page(url);
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    const [, script] = /<script>([\s\S]*)<\/script>/.exec(text) ?? [];
    if (!response.ok || script === undefined)
      throw new Error(`${url} has no page with a program (${response.status}): ${text.slice(0, 200)}`);
    vm.runInNewContext(script, page.globals());
    return page;
  }

  private element(id: string): Element & { children: Element[] } {
    let found = this.elements.get(id);
    if (!found) {
      const children: Element[] = [];
      found = { textContent: "", className: "", children, prepend: (child) => void children.unshift(child) };
      this.elements.set(id, found);
    }
    return found;
  }

  private globals(): object {
    const ask = (path: string, options?: RequestInit): Promise<Response> => {
      if (this.isOver) return new Promise(() => {});
      return fetch(new URL(path, this.base), options);
    };
    const kept = (timer: NodeJS.Timeout): NodeJS.Timeout => {
      this.timers.push(timer);
      return timer;
    };
    return {
      document: {
        getElementById: (id: string) => this.element(id),
        createElement: (): Element => ({ textContent: "", className: "", prepend: () => {} }),
      },
      ...{ fetch: ask, performance, AbortSignal, URLSearchParams },
      setTimeout: (action: () => void, time: number) => kept(setTimeout(action, time)),
      setInterval: (action: () => void, time: number) => kept(setInterval(action, time)),
    };
  }

  /** What an element shows now. */
  text(id: string): string {
    return String(this.element(id).textContent);
  }

  /** What the list of events shows, the newest first. */
  get log(): string[] {
    return this.element("log").children.map(({ textContent }) => String(textContent));
  }

  close(): void {
    this.isOver = true;
    for (const timer of this.timers) clearTimeout(timer);
  }
}
