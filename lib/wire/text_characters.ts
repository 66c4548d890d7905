/** Most characters that the text of a message has, whoever it is for. */
export const textCharacters = 4096;
