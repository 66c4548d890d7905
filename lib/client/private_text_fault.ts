import { limits } from "../protocol/limits.ts";
import { characters, isBlank, isText } from "../protocol/text.ts";

/** Why a text cannot be sent. */
export interface TextFault {
  /** As the server would refuse it in a message. */
  readonly code: string;
  /** One line for people. */
  readonly message: string;
}

/** What is wrong with the text of a private message, if anything is. */
export function privateTextFault(text: string): TextFault | undefined {
  if (isBlank(text)) {
    return { code: "blank_text", message: "The text is blank" };
  }
  if (characters(text) > limits.textCharacters) {
    const message = `A text has at most ${limits.textCharacters} characters`;
    return { code: "text_too_long", message };
  }
  if (!isText(text)) {
    return { code: "bad_text", message: "The text has control characters" };
  }
  return undefined;
}
