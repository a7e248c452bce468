import { type EngineEvent, type Step, stepOf, subjectOf } from "./events";
import { quiet } from "./quiet";

/** A step that has begun. */
export interface Running extends Step {
  /** Milliseconds, as all times here. */
  since: number;
}

/** What a screen, or a log, shows of an operation. */
export interface Display {
  /** A step has begun. */
  began(step: Running): void;
  ended(step: Running, how: "done" | "failed", took: number): void;
  /** What somebody has to say, of a resource or of the whole. */
  said(subject: string, text: string, severity: "error" | "warning" | "info"): void;
  /** What passes: how far a step is. */
  passing(subject: string, text: string): void;
}

/** What has changed, in the words of Pulumi's own summary and in its order. */
const changes: readonly [op: string, word: string][] = [
  ["create", "created"],
  ["update", "updated"],
  ["replace", "replaced"],
  ["delete", "deleted"],
  ["import", "imported"],
  ["same", "unchanged"],
];

/** Follows an operation's events. */
export class Progress {
  private readonly running = new Map<string, Running>();
  private readonly said = new Set<string>();
  private counts: Record<string, number> | undefined;

  constructor(
    private readonly display: Display,
    private readonly now: () => number = () => performance.now(),
  ) {}

  see(event: EngineEvent): void {
    if (event.resourcePreEvent) this.begin(stepOf(event.resourcePreEvent.metadata));
    else if (event.resOutputsEvent) this.end(event.resOutputsEvent.metadata.urn, "done");
    else if (event.resOpFailedEvent) this.end(event.resOpFailedEvent.metadata.urn, "failed");
    else if (event.diagnosticEvent) this.hear(event.diagnosticEvent);
    else if (event.policyEvent) this.judge(event.policyEvent);
    else if (event.summaryEvent) this.counts = event.summaryEvent.resourceChanges ?? {};
  }

  private begin(step: Step | undefined): void {
    if (!step) return;
    const running = { ...step, since: this.now() };
    this.running.set(step.urn, running);
    this.display.began(running);
  }

  private end(urn: string, how: "done" | "failed"): void {
    const step = this.running.get(urn);
    if (!step) return;
    this.running.delete(urn);
    this.display.ended(step, how, this.now() - step.since);
  }

  private hear({ urn, message, severity, ephemeral }: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    if (severity === "debug") return;
    const text = quiet(message);
    if (text === undefined) return;
    const subject = subjectOf(urn);
    if (ephemeral) this.display.passing(subject, text);
    else this.say(subject, text, severity === "error" || severity === "warning" ? severity : "info");
  }

  private judge(event: NonNullable<EngineEvent["policyEvent"]>): void {
    const { resourceUrn, message, policyName, enforcementLevel } = event;
    const isMust = enforcementLevel === "mandatory";
    const text = quiet(message) ?? message;
    this.say(
      subjectOf(resourceUrn),
      `policy ${policyName}${isMust ? "" : ` (${enforcementLevel})`}: ${text}`,
      isMust ? "error" : "warning",
    );
  }

  /** The same may be said of many resources, and again at the end. */
  private say(subject: string, text: string, severity: "error" | "warning" | "info"): void {
    const key = `${subject} ${text}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    this.display.said(subject, text, severity);
  }

  /** How many resources are what now; empty if Pulumi did not come to count them. */
  summary(): string[] {
    if (!this.counts) return [];
    const known = changes.flatMap(([op, word]) => {
      const count = this.counts?.[op] ?? 0;
      return count > 0 ? [`    ${count} ${word}`] : [];
    });
    return known.length > 0 ? ["Resources:", ...known] : [];
  }
}
