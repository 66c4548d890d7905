/**
 * The messages of a conversation: the newest at the bottom, where it stays when
 * it is there; older ones above, fetched by a button or by scrolling, without
 * moving what is being read.
 */
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ConversationKey } from "../../../events/conversations.ts";
import { titleOf } from "../model/chat_list.ts";
import type { LogBlock } from "../model/message_log.ts";
import { placeIn } from "../model/shown_messages.ts";
import { placeOf } from "../model/transfer_card.ts";
import type { PageStore } from "../state/page_store.io.ts";
import { Icon } from "./icon.tsx";
import {
  type Between,
  BetweenItem,
  BlockGroup,
  cut,
  idOf,
  startOf,
} from "./message_block.tsx";
import { PendingMessages } from "./pending_messages.tsx";
import { useStore } from "./store_context.tsx";
import { UploadBoxes } from "./upload_boxes.tsx";

/** The messages of `of`. */
export function MessageList(
  { of }: { readonly of: ConversationKey },
): JSX.Element {
  const store = useStore();
  // Drawn with each change of the view.
  const _ = store.revision.value;
  const log = store.logOf(of);
  const { blocks, isWhole } = log;
  const box = useRef<HTMLDivElement>(null);
  const keeper = useRef(new PlaceKeeper());
  const [isAtEnd, setIsAtEnd] = useState(true);
  const isLoading = store.isLoading.value;

  const noteEnd = () => {
    setIsAtEnd(keeper.current.isAtEnd);
    store.setAtEnd(keeper.current.isAtEnd);
  };
  /** Older ones come before the top is reached. */
  const loadNearTop = () => {
    if ((box.current?.scrollTop ?? Infinity) < nearTop && !isWhole) {
      store.loadOlder();
    }
  };
  useLayoutEffect(() => {
    if (box.current === null) return;
    keeper.current.begin(box.current);
    noteEnd();
    loadNearTop();
  }, [of]);
  useLayoutEffect(() => {
    if (box.current !== null) keeper.current.restore(box.current);
  });
  const jumps = store.jumps.value;
  useLayoutEffect(() => {
    if (box.current !== null && jumps > 0) keeper.current.toEnd(box.current);
  }, [jumps]);
  const sought = store.sought.value;
  useLayoutEffect(() => {
    if (box.current === null || sought === undefined) return;
    const place = `[data-place="${placeIn(sought)}"]`;
    const message = box.current.querySelector<HTMLElement>(place);
    if (message === null) return;
    store.sought.value = undefined;
    keeper.current.show(box.current, message);
    noteEnd();
    message.focus({ preventScroll: true });
  });
  // What is drawn late, such as pictures, moves what is below.
  useEffect(() => {
    const element = box.current;
    const inner = element?.firstElementChild;
    if (element === null || !inner) return;
    const observer = new ResizeObserver(() => keeper.current.restore(element));
    observer.observe(inner);
    observer.observe(element);
    return () => observer.disconnect();
  }, [of]);

  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    keeper.current.handleScroll(element);
    noteEnd();
    loadNearTop();
  };
  const toEnd = () => {
    const element = box.current;
    if (element === null) return;
    keeper.current.toEnd(element);
    element.focus({ preventScroll: true });
  };

  const between = betweenOf(store, of);
  const groups = Map.groupBy(blocks, ({ group }) => group);
  const start = startOf(blocks) ?? Infinity;
  const above = between.filter(({ place }) => place.below < start);
  const all = {
    before: undefined,
    firstNew: store.firstNew,
    sought,
    between,
    me: store.view.me.user,
    delivered: deliveredTo(store, of),
    today: 0,
    isLast: true,
    isFar: false,
    onTakeBack: takeBack(store, of),
  };
  return (
    <div class="log-frame">
      <div
        class="log"
        ref={box}
        tabIndex={0}
        role="region"
        aria-label={`Messages, ${titleOf(of)}`}
        onScroll={onScroll}
        // Who is at the top already scrolls nothing.
        onWheel={({ deltaY }) => deltaY < 0 && loadNearTop()}
        onKeyDown={(event) =>
          moveBetweenMessages(event, box.current, store, blocks)}
      >
        <div class="log-inner">
          {!isWhole && (
            <button
              type="button"
              class="older"
              aria-disabled={isLoading}
              onClick={() => store.loadOlder()}
            >
              {isLoading ? "Loading older messages…" : "Show older messages"}
            </button>
          )}
          {isWhole && blocks.length > 0 && (
            <p class="beginning">
              {of.startsWith("=")
                ? "What is said here goes straight to the other side and is kept nowhere."
                : "This is where it begins."}
            </p>
          )}
          {isWhole && blocks.length === 0 && between.length === 0 && (
            <EmptyChat of={of} />
          )}
          {above.map((item) => <BetweenItem key={idOf(item)} item={item} />)}
          {cut([...groups.values()], all).map((shown) => (
            <BlockGroup key={shown.blocks[0]!.group} {...shown} />
          ))}
          <PendingMessages of={of} />
          <UploadBoxes of={of} />
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" class="to-end" onClick={toEnd}>
          <Icon name="down" /> Newest
          {(store.view.conversation(of)?.unread ?? 0) > 0 && (
            <span class="badge">{store.view.conversation(of)?.unread}</span>
          )}
        </button>
      )}
    </div>
  );
}

function EmptyChat({ of }: { readonly of: ConversationKey }): JSX.Element {
  return (
    <div class="empty-chat">
      <Icon name={of.startsWith("=") ? "lock" : "group"} />
      <p>
        {of.startsWith("=")
          ? "What is said here goes straight to the other side, not through the server, and is kept nowhere."
          : `Nothing has been said here yet. Say hello to ${
            titleOf(of).toLowerCase() === "everybody"
              ? "everybody"
              : titleOf(of)
          }.`}
      </p>
    </div>
  );
}

/** Remembers what is being read, and puts it back when something comes above. */
class PlaceKeeper {
  isAtEnd = true;
  /** Where it went to the end by itself, until somebody scrolls. */
  #ended: number | undefined;
  /** Where it went otherwise by itself, until somebody scrolls. */
  #moved: number | undefined;
  #anchor: Element | undefined;
  #offset = 0;

  begin(box: Element): void {
    this.isAtEnd = true;
    this.#anchor = undefined;
    const mark = box.querySelector(".new-mark");
    if (mark === null) return this.toEnd(box);
    const down = mark.getBoundingClientRect().top -
      box.getBoundingClientRect().top;
    box.scrollTop += down - box.clientHeight / 3;
    this.#note(box);
  }

  /** The box was scrolled, by the user or by what is here. */
  handleScroll(box: Element): void {
    // It is told of later, when more may have come below.
    if (box.scrollTop === this.#ended) return;
    this.#ended = undefined;
    // By then something else may be in the middle: what was to be there stays.
    if (box.scrollTop === this.#moved) this.#noteEnd(box);
    else this.#note(box);
  }

  /** Something came or has another size. */
  restore(box: Element): void {
    if (this.isAtEnd) return this.toEnd(box);
    if (!this.#anchor?.isConnected) return;
    const top = box.getBoundingClientRect().top;
    const moved = this.#anchor.getBoundingClientRect().top - top -
      this.#offset;
    if (Math.abs(moved) <= 1) return;
    box.scrollTop += moved;
    this.#moved = box.scrollTop;
  }

  /** Puts a message into the middle. */
  show(box: Element, message: Element): void {
    message.scrollIntoView({ block: "center" });
    this.#moved = box.scrollTop;
    this.#noteEnd(box);
    this.#keep(box, message);
  }

  toEnd(box: Element): void {
    this.isAtEnd = true;
    box.scrollTop = box.scrollHeight;
    this.#ended = box.scrollTop;
  }

  /**
   * Remembers the message in the middle, and where it stands: those at the edge
   * may be of a block that has not been laid out yet.
   */
  #note(box: Element): void {
    this.#moved = undefined;
    this.#noteEnd(box);
    const { top } = box.getBoundingClientRect();
    const middle = top + box.clientHeight / 2;
    let anchor: Element = box;
    for (const part of ["blocks", "block", "message"]) {
      const inner = firstBelow(middle, anchor.getElementsByClassName(part));
      if (inner === undefined) break;
      anchor = inner;
    }
    if (anchor !== box) this.#keep(box, anchor);
  }

  #noteEnd(box: Element): void {
    this.isAtEnd =
      box.scrollHeight - box.clientHeight - box.scrollTop < endSlack;
  }

  #keep(box: Element, anchor: Element): void {
    this.#anchor = anchor;
    this.#offset = anchor.getBoundingClientRect().top -
      box.getBoundingClientRect().top;
  }
}

/** The first of elements below each other that ends below `line`, or the last. */
function firstBelow(
  line: number,
  elements: HTMLCollectionOf<Element>,
): Element | undefined {
  let [from, to] = [0, elements.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const { bottom } = elements[middle]!.getBoundingClientRect();
    if (bottom > line) to = middle;
    else from = middle + 1;
  }
  return elements[from] ?? elements[from - 1];
}

/** Number of the last message to the other one that is known to have arrived. */
function deliveredTo(store: PageStore, of: ConversationKey): number {
  if (!of.startsWith("@")) return 0;
  return store.view.person(of.slice(1))?.delivered ?? 0;
}

/** Notes and cards of a conversation in their order. */
function betweenOf(store: PageStore, of: ConversationKey): Between[] {
  const notes = store.notes.of(of).map((note): Between => ({
    kind: "note",
    place: note,
    note,
  }));
  const transfers = store.view.transfers()
    .filter(({ info }) => placeOf(info) === of)
    .map((transfer): Between => ({
      kind: "transfer",
      place: store.placeOfTransfer(transfer.info.transfer),
      transfer,
    }));
  return [...notes, ...transfers].sort((one, other) =>
    one.place.below - other.place.below || one.place.id - other.place.id
  );
}

/** The same function for as long as the conversation is the same. */
function takeBack(
  store: PageStore,
  of: ConversationKey,
): ((number: number) => void) | undefined {
  if (of.startsWith("=")) return undefined;
  return (number) => {
    store.run(
      of.startsWith("#")
        ? `/deletegroupmsg ${of.slice(1)} ${number}`
        : `/deletemsg ${number}`,
    );
  };
}

/** Up and Down go from message to message, as soon as one has the focus. */
function moveBetweenMessages(
  event: KeyboardEvent,
  box: HTMLElement | null,
  store: PageStore,
  blocks: readonly LogBlock[],
): void {
  const { key, target } = event;
  if (key !== "ArrowUp" && key !== "ArrowDown") return;
  if (box === null || !(target instanceof HTMLElement)) return;
  const current = target.closest<HTMLElement>(".message");
  if (current === null && target !== box) return;
  const all = [...box.querySelectorAll<HTMLElement>(".message, .far")];
  const isUp = key === "ArrowUp";
  const index = current === null ? all.length : all.indexOf(current);
  const next = all[index + (isUp ? -1 : 1)];
  if (next === undefined) return;
  event.preventDefault();
  if (next.matches(".far")) {
    const place = [...box.getElementsByClassName("block")].indexOf(next);
    store.sought.value = blocks[place]?.messages.at(isUp ? -1 : 0);
    return;
  }
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

/** So near to the top older ones are fetched, pixels. */
const nearTop = 120;
/** So near to the bottom counts as there, pixels. */
const endSlack = 40;
