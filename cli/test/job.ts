/** A program that a layer runs: one file of tests, or one that reads the source. */
export interface Job {
  /** Such as `unit/doctor.test.js`. */
  name: string;
  command: string;
  args: string[];
  /** Whether it ends with the counts of Node's test runner. */
  counts: boolean;
}
