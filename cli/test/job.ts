/** A program that a layer runs: a file of tests, or a program that checks the source. */
export interface Job {
  /** Such as `unit/doctor.test.js`. */
  name: string;
  command: string;
  args: string[];
  /** Whether its output ends with the counts of Node's test runner. */
  counts: boolean;
}
