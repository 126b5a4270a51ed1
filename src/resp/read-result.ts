/** What `next` of a reader found: nothing whole yet, something, or an error that ends the stream. */
export const NEED_MORE = 0;
export const READY = 1;
export const FAILED = 2;
export type ReadResult = typeof NEED_MORE | typeof READY | typeof FAILED;
