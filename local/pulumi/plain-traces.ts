/*
 * To be imported before all else. A bug of this program shows its stack trace. Pulumi has every stack trace rewritten by the
 * source maps of what runs: it takes one for each promise, which costs half a second, and the paths that it writes
 * (`node_modules/@pulumi/output.ts`) send Node 20.20 into an endless loop when they are printed (util's markNodeModules).
 */
delete (Error as Partial<ErrorConstructor>).prepareStackTrace;
