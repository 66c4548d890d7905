/**
 * Something that stops a program from starting or going on, in one line for
 * people: what failed, with which value, what to do. The entry points print
 * the message alone and exit with 1.
 */
export class StartError extends Error {
  override readonly name = "StartError";
}
