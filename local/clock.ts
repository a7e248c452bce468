/** Milliseconds on the monotonic clock, which all processes of a machine share. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Converts a time of day (milliseconds since 1970), as some programs print it, to the monotonic clock. */
export const fromTimeOfDay = (milliseconds: number): number => milliseconds - Date.now() + clock();
