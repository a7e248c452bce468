import { trackFiles } from "../domain/keepalived-tracking";
import { type Mistake, mistake } from "../domain/mistake";
import type { Preset } from "../domain/vrrp";
import { advertIntervalOf, type KeepalivedSettings } from "./floating-ip";
import type { Rule } from "./values";

/** The settings that the rules of keepalived look at, checked one by one already. */
interface KeepalivedGiven {
  preset?: Preset | undefined;
  advertInterval?: number | undefined;
  startDeadline: number;
  dataDirectory: string;
  keepalived: KeepalivedSettings;
}

/** Seconds of silence below which a backup takes a busy holder for a dead one. */
const leastSilence = 0.15;
/** Seconds between adverts below which ordinary scheduling is not enough. */
const needsRealTime = 0.1;

const hundredths = (seconds: number): boolean => Math.abs(seconds * 100 - Math.round(seconds * 100)) < 1e-6;

/** Which of the two settings says the interval, in backticks. */
const interval = ({ preset, advertInterval }: KeepalivedGiven) => ({
  seconds: advertIntervalOf({ preset, advertInterval }),
  path: advertInterval === undefined ? "preset" : "advertInterval",
  shown: advertInterval === undefined ? "`preset`" : "`advertInterval`",
});

/** A rule with at most one mistake. */
const one = (
  of: readonly string[],
  check: (given: KeepalivedGiven) => Mistake | undefined,
): Rule<KeepalivedGiven> => ({ of, check: (given) => [check(given) ?? []].flat() });

const said = ["preset", "advertInterval"];

const timingRules: Rule<KeepalivedGiven>[] = [
  one(said, ({ preset, advertInterval }) =>
    preset && advertInterval !== undefined
      ? {
          path: "preset",
          subject: "`preset` and `advertInterval`",
          rule: "both say how often adverts are sent",
          wayOut: "remove one of them",
        }
      : undefined,
  ),
  one([...said, "keepalived.version"], (given) => {
    const { seconds, path } = interval(given);
    return given.keepalived.version === 2 && !Number.isInteger(seconds)
      ? mistake(
          path,
          `(${seconds} s) must be whole seconds with \`keepalived.version\` 2, whose adverts cannot say less`,
          "use `preset: steady`, or version 3",
        )
      : undefined;
  }),
  one([...said, "keepalived.version"], (given) => {
    const { seconds } = interval(given);
    return given.keepalived.version === 3 && !hundredths(seconds)
      ? mistake("advertInterval", `(${seconds} s) must be hundredths of a second, as VRRPv3 sends it`)
      : undefined;
  }),
  one([...said, "keepalived.downTimerAdverts"], (given) => {
    const { seconds, shown } = interval(given);
    const path = "keepalived.downTimerAdverts";
    return given.keepalived.downTimerAdverts * seconds < leastSilence - 1e-9
      ? {
          path,
          subject: `\`${path}\` times ${shown} (${seconds} s)`,
          rule: `must be at least ${leastSilence} s of silence`,
          wayOut: "with less a busy holder is taken for a dead one",
        }
      : undefined;
  }),
  one([...said, "keepalived.realTimePriority"], (given) => {
    const { seconds, shown } = interval(given);
    return seconds < needsRealTime && given.keepalived.realTimePriority === 0
      ? mistake(
          "keepalived.realTimePriority",
          `must not be 0 with ${shown} below ${needsRealTime} s`,
          "a busy node would miss its own adverts",
        )
      : undefined;
  }),
  one(["keepalived.preemptDelay", "keepalived.preempt"], ({ keepalived }) =>
    keepalived.preemptDelay > 0 && !keepalived.preempt
      ? mistake(
          "keepalived.preemptDelay",
          "does nothing without `keepalived.preempt`",
          "set that to true, or remove the delay",
        )
      : undefined,
  ),
  one(["keepalived.startupDelay", "startDeadline"], ({ keepalived, startDeadline }) =>
    (keepalived.startupDelay ?? 0) >= startDeadline
      ? mistake(
          "keepalived.startupDelay",
          `must be less than \`startDeadline\` (${startDeadline} s)`,
          "the VIP would come too late",
        )
      : undefined,
  ),
];

const garpRules: Rule<KeepalivedGiven>[] = [
  one(["keepalived.garp.refresh", "keepalived.garp.refreshRepeat"], ({ keepalived: { garp } }) =>
    garp.refresh === 0 && garp.refreshRepeat > 1
      ? mistake(
          "keepalived.garp.refreshRepeat",
          "does nothing with `keepalived.garp.refresh` 0",
          "remove one of them",
        )
      : undefined,
  ),
  one(["keepalived.garp.interval", "keepalived.garp.repeat"], ({ keepalived: { garp } }) =>
    garp.interval * garp.repeat > 1
      ? {
          path: "keepalived.garp.interval",
          subject: "`keepalived.garp.interval` times `keepalived.garp.repeat`",
          rule: "must be at most 1 s",
          wayOut: "it would delay what keepalived does next",
        }
      : undefined,
  ),
];

const isBelow = (file: string, directory: string): boolean =>
  file === directory || file.startsWith(`${directory}/`);

/** A file that keepalived reads or runs must not hang with the NFS server. */
function notShared(path: string, file: string, dataDirectory: string): Mistake[] {
  const shared = [dataDirectory, "/rancher_lease"].find((directory) => isBelow(file, directory));
  return shared
    ? [
        mistake(
          path,
          `must not be in ${shared}`,
          "what hangs on NFS would hang the VIP; use a file on the node",
        ),
      ]
    : [];
}

const trackRules: Rule<KeepalivedGiven>[] = [
  {
    of: ["keepalived.track.files", "dataDirectory"],
    check: ({ keepalived: { track }, dataDirectory }) =>
      track.files.flatMap((file, i) => notShared(`keepalived.track.files[${i}]`, file, dataDirectory)),
  },
  {
    of: ["keepalived.track.scripts", "dataDirectory"],
    check: ({ keepalived: { track }, dataDirectory }) =>
      track.scripts.flatMap(({ command }, i) =>
        command
          .split(" ")
          .flatMap((part) => notShared(`keepalived.track.scripts[${i}].command`, part, dataDirectory)),
      ),
  },
  {
    of: ["keepalived.notify", "dataDirectory"],
    check: ({ keepalived: { notify }, dataDirectory }) =>
      notify === undefined ? [] : notShared("keepalived.notify", notify, dataDirectory),
  },
  {
    of: ["keepalived.track.files"],
    check: ({ keepalived: { track } }) =>
      track.files.flatMap((file, i) =>
        Object.values(trackFiles).some((own) => own.path === file)
          ? [
              mistake(
                `keepalived.track.files[${i}]`,
                `(${file}) is tracked already`,
                "it is the program's own",
              ),
            ]
          : [],
      ),
  },
  {
    of: ["keepalived.track.scripts"],
    check: ({ keepalived: { track } }) =>
      track.scripts.flatMap(({ interval, timeout }, i) =>
        timeout > interval
          ? [
              mistake(
                `keepalived.track.scripts[${i}].timeout`,
                "must be at most its `interval`",
                "keepalived does not run it twice at a time",
              ),
            ]
          : [],
      ),
  },
];

/** What keepalived's settings must keep to: not the impossible, and not what would be dangerous. */
export const keepalivedRules: Rule<KeepalivedGiven>[] = [...timingRules, ...garpRules, ...trackRules];
