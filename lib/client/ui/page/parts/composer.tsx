/**
 * The box in which one writes: Enter sends, Shift-Enter breaks the line, Up
 * brings back what was sent, Tab completes names and commands.
 */
import type { JSX, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { characters } from "../../../../base/text.ts";
import { textCharacters } from "../../../../wire/text_characters.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import { chosenFiles, filesIn } from "../state/dropped_files.io.ts";
import { titleOf } from "../model/chat_list.ts";
import { enteredText } from "../model/entered_text.ts";
import { IconButton } from "./icon.tsx";
import { useStore } from "./store_context.tsx";

interface Choices {
  readonly start: number;
  readonly items: readonly string[];
  readonly index: number;
}

/** The box of a conversation. */
export function Composer(
  { of }: { readonly of: ConversationKey },
): JSX.Element {
  const store = useStore();
  const box = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(store.memory.draft(of));
  const [choices, setChoices] = useState<Choices>();
  /** Characters of a text that was to be sent and cannot. */
  const [tooLong, setTooLong] = useState<number>();
  /** Where the cursor is to stand in what is drawn next. */
  const cursorAt = useRef<number | undefined>(undefined);
  const canSend = of.startsWith("@") || of.startsWith("#");

  useEffect(() => {
    setText(store.memory.draft(of));
    setChoices(undefined);
    setTooLong(undefined);
    store.memory.rest();
    box.current?.focus();
  }, [of]);

  useLayoutEffect(() => {
    const cursor = cursorAt.current;
    cursorAt.current = undefined;
    if (cursor !== undefined) box.current?.setSelectionRange(cursor, cursor);
  });

  const change = (next: string, cursor = next.length) => {
    setText(next);
    setTooLong(undefined);
    store.memory.keep(of, next);
    cursorAt.current = cursor;
  };
  const choose = (choice: string) => {
    const element = box.current;
    if (element === null || choices === undefined) return;
    const cursor = element.selectionStart;
    const before = text.slice(0, choices.start) + choice;
    setChoices(undefined);
    change(before + text.slice(cursor), before.length);
    element.focus();
  };
  const complete = async (element: HTMLTextAreaElement) => {
    const cursor = element.selectionStart;
    const { start, items } = await store.requests.suggest(text, cursor);
    if (element.value !== text || items.length === 0) return;
    const [only = ""] = items;
    if (items.length > 1) {
      setChoices({ start, items: items.slice(0, mostChoices), index: 0 });
      store.announce({ text: `${items.length} suggestions, ${only}` });
      return;
    }
    const before = text.slice(0, start) + only;
    change(before + text.slice(cursor), before.length);
  };
  const send = () => {
    if (text.trim() === "") return;
    // The server would refuse it, and here it can be made shorter.
    const length = characters(enteredText(text) ?? "");
    if (length > textCharacters) return setTooLong(length);
    store.memory.enter(text);
    store.enter(text);
    change("");
    setChoices(undefined);
    box.current?.focus();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    const element = event.currentTarget;
    if (event.isComposing) return;
    if (choices !== undefined && moveChoice(event, choices)) return;
    const { key, shiftKey } = event;
    if (key === "Enter" && !shiftKey) {
      event.preventDefault();
      return send();
    }
    if (key === "Tab" && !shiftKey && canComplete(element)) {
      event.preventDefault();
      return complete(element);
    }
    if (key === "ArrowUp" || key === "ArrowDown") {
      const isUp = key === "ArrowUp";
      const beside = isUp
        ? text.slice(0, element.selectionStart)
        : text.slice(element.selectionEnd);
      if (beside.includes("\n")) return;
      const line = store.memory.recall(text, isUp ? 1 : -1);
      if (line === undefined) return;
      event.preventDefault();
      change(line);
    }
  };
  /** True when the key was for the list of choices. */
  const moveChoice = (event: KeyboardEvent, shown: Choices): boolean => {
    const { items, index } = shown;
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      Tab: event.shiftKey ? -1 : 1,
    };
    const step = steps[event.key];
    if (step !== undefined) {
      const next = (index + step + items.length) % items.length;
      setChoices({ ...shown, index: next });
    } else if (event.key === "Enter") choose(items[index] ?? "");
    else if (event.key === "Escape") setChoices(undefined);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  const onPaste = async (event: ClipboardEvent) => {
    const data = event.clipboardData;
    if (data === null || data.files.length === 0) return;
    event.preventDefault();
    store.upload(await filesIn(data));
  };
  const title = titleOf(of);
  const isSession = of.startsWith("=");
  const label = isSession ? `Private message to ${title}` : `Message ${title}`;
  return (
    <div class="composer">
      {choices !== undefined && (
        <ul
          class="choices"
          role="listbox"
          id="choices"
          aria-label="Suggestions"
        >
          {choices.items.map((item, index) => (
            <li
              key={item}
              id={`choice-${index}`}
              role="option"
              aria-selected={index === choices.index}
              onMouseDown={(event) => {
                event.preventDefault();
                choose(item);
              }}
            >
              {item.trim()}
            </li>
          ))}
        </ul>
      )}
      {tooLong !== undefined && (
        <p class="failure" role="alert">
          {`This has ${tooLong} characters, a message at most ` +
            `${textCharacters}. Shorten it, or send it as a file.`}
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        {canSend && (
          <>
            <input
              ref={files}
              type="file"
              multiple
              hidden
              onChange={(event) => {
                store.upload(chosenFiles(event.currentTarget));
                event.currentTarget.value = "";
              }}
            />
            <input
              ref={(element) => {
                folder.current = element;
                if (element !== null) element.webkitdirectory = true;
              }}
              type="file"
              hidden
              onChange={(event) => {
                store.upload(chosenFiles(event.currentTarget));
                event.currentTarget.value = "";
              }}
            />
            <IconButton
              icon="clip"
              label="Send files"
              onClick={() => files.current?.click()}
            />
            <IconButton
              icon="folder"
              label="Send a folder"
              class="wide-only"
              onClick={() => folder.current?.click()}
            />
          </>
        )}
        <textarea
          ref={box}
          class="box"
          dir="auto"
          rows={Math.min(text.split("\n").length, mostRows)}
          value={text}
          placeholder={label}
          aria-label={label}
          aria-autocomplete="list"
          aria-controls={choices === undefined ? undefined : "choices"}
          aria-activedescendant={choices === undefined
            ? undefined
            : `choice-${choices.index}`}
          spellcheck
          onInput={(event) => {
            setText(event.currentTarget.value);
            setTooLong(undefined);
            store.memory.keep(of, event.currentTarget.value);
            store.memory.rest();
            setChoices(undefined);
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          onBlur={() => setChoices(undefined)}
        />
        <IconButton
          icon="send"
          label="Send"
          type="submit"
          class="send"
          aria-disabled={text.trim() === ""}
        />
      </form>
    </div>
  );
}

/** Tab goes on to the next control unless there is something to complete. */
function canComplete(element: HTMLTextAreaElement): boolean {
  const { value, selectionStart, selectionEnd } = element;
  if (selectionStart !== selectionEnd) return false;
  const before = value.slice(0, selectionStart);
  return before.startsWith("/") || /(^|\s)@[A-Za-z0-9._-]*$/.test(before);
}

const mostRows = 8;
const mostChoices = 12;
