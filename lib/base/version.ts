/** Version of the program, as `deno.json` has it. */
export const version = "0.1.0";

/** The version of the control protocol this program speaks. */
export const protocolVersion = 1;
