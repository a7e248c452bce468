/**
 * The major versions of Node.js that the tests run with: the oldest that works, and those after it that got long support
 * (test/newer-node/ says exactly which of these).
 */
export const oldestNode = 20;
export const newerNode = [22, 24] as const;
