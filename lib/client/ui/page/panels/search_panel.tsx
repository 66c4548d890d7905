/** Looks for words in what was said. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { visible } from "../../../../base/text.ts";
import type { HistoryAnswer } from "../../../commands/history.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import { titleOf } from "../model/chat_list.ts";
import { saidOf } from "../model/message_log.ts";
import { wholeTime } from "../model/shown_messages.ts";
import { useStore } from "../parts/store_context.tsx";

type FoundMessage = HistoryAnswer["messages"][number];

/** The panel of a search. */
export function SearchPanel(): JSX.Element {
  const store = useStore();
  const [words, setWords] = useState("");
  const [isHere, setIsHere] = useState(false);
  const [found, setFound] = useState<readonly FoundMessage[]>();
  const [earlier, setEarlier] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const open = store.open.value;
  const canBeHere = open !== undefined && /^[@#]/.test(open);
  const look = async (line: string, before: readonly FoundMessage[]) => {
    setIsBusy(true);
    setProblem(undefined);
    const { outcome } = await store.requests.submit(line);
    setIsBusy(false);
    if (!outcome.ok) return setProblem(outcome.message);
    if (outcome.command !== "search") return;
    const { messages, earlier } = outcome.answer;
    const all = [...before, ...messages.toReversed()];
    setFound(all);
    setEarlier(earlier);
    store.announce({
      text: all.length === 1
        ? "1 message found"
        : `${all.length} messages found`,
    });
  };
  return (
    <>
      <form
        class="form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          if (words.trim() === "") return;
          const place = isHere && canBeHere ? ` ${open}` : "";
          look(`/search ${words.trim()}${place}`, []);
        }}
      >
        <label>
          Words
          <input
            data-first
            type="search"
            dir="auto"
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        </label>
        {canBeHere && (
          <label class="check">
            <input
              type="checkbox"
              checked={isHere}
              onChange={(event) => setIsHere(event.currentTarget.checked)}
            />
            Only in {titleOf(open)}
          </label>
        )}
        <div class="buttons">
          <button type="submit" class="main" aria-disabled={isBusy}>
            {isBusy ? "Searching…" : "Search"}
          </button>
        </div>
      </form>
      {problem !== undefined && <p class="failure" role="alert">{problem}</p>}
      {found?.length === 0 && <p class="dim">No messages with these words.</p>}
      <ul class="found">
        {found?.map((message) => (
          <li key={`${message.group ?? ""} ${message.number}`}>
            <button
              type="button"
              onClick={() =>
                store.showMessage(
                  placeOfFound(message, store.view.me.user),
                  saidOf(message, store.view.me.user),
                )}
            >
              <span class="top">
                <b>
                  <bdi>{visible(message.from)}</bdi>
                </b>
                <span class="dim">
                  {titleOf(placeOfFound(message, store.view.me.user))},{" "}
                  {wholeTime(message.at, Date.now())}
                </span>
              </span>
              <span class="text" dir="auto">
                {visible(message.text.replace(/\s+/g, " ").slice(0, 300))}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {earlier !== undefined && found !== undefined && (
        <button
          type="button"
          onClick={() => look(earlier, found)}
        >
          Look further back
        </button>
      )}
    </>
  );
}

function placeOfFound(
  { kind, group, from, to = from }: FoundMessage,
  me: string,
): ConversationKey {
  if (kind === "broadcast") return "*";
  if (group !== undefined) return `#${group}`;
  return `@${from === me ? to : from}`;
}
