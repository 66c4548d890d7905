/**
 * Some messages below each other, with what stands between them: days, the mark
 * of the new ones, notes and cards. Drawn anew only when something in it changed.
 */
import { Component, createRef, type JSX } from "preact";
import type { SaidMessage } from "../../../events/conversations.ts";
import type { SeenTransfer } from "../../../events/known_transfers.ts";
import { visible } from "../../../../base/text.ts";
import type { LogBlock } from "../model/message_log.ts";
import { keyOf } from "../model/message_log.ts";
import {
  clockTime,
  deliveredIn,
  isSaid,
  placeIn,
  showMessages,
  type ShownMessage,
  todayFor,
  wholeTime,
} from "../model/shown_messages.ts";
import type { Place, PlacedNote } from "../model/placed_notes.ts";
import { Icon } from "./icon.tsx";
import { MessageText } from "./message_text.tsx";
import { NoteLine } from "./note_line.tsx";
import { TransferBox } from "./transfer_box.tsx";

/** What stands between messages. */
export type Between =
  | {
    readonly kind: "note";
    readonly place: Place;
    readonly note: PlacedNote;
  }
  | {
    readonly kind: "transfer";
    readonly place: Place;
    readonly transfer: SeenTransfer;
  };

/** Some blocks and how they look; notes and cards stand between messages. */
export interface ShownBlocks {
  readonly blocks: readonly LogBlock[];
  /** The message above. */
  readonly before: SaidMessage | undefined;
  readonly firstNew: SaidMessage | undefined;
  /** The one that is to be looked at. */
  readonly sought: SaidMessage | undefined;
  readonly between: readonly Between[];
  readonly me: string;
  /** Number of the last of the user's own that has arrived; 0 for none. */
  readonly delivered: number;
  /** Which day it is, as a number. */
  readonly today: number;
  /** It is the newest. */
  readonly isLast: boolean;
  /** All that is around it is far from what is seen. */
  readonly isFar: boolean;
  /** Takes back a message of the user's. */
  readonly onTakeBack: ((number: number) => void) | undefined;
}

/**
 * What a browser skips while it is far from what is seen, unless it holds the
 * focus or what is selected. It is drawn anew only when something in it changed,
 * and what is selected from afar, as all of a long chat may be, when it is near.
 */
abstract class Skippable extends Component<ShownBlocks> {
  protected readonly box = createRef<HTMLDivElement>();
  #isSkipped = false;

  protected get isFar(): boolean {
    return this.#isSkipped || this.props.isFar;
  }

  override shouldComponentUpdate(next: ShownBlocks): boolean {
    if (next.sought !== undefined) this.#isSkipped = false;
    return isOther(this.props, next);
  }

  override componentDidMount(): void {
    const current = this.box.current!;
    // Made where it is needed: there may be thousands of blocks.
    let near: IntersectionObserver | undefined;
    const skip = (isSkipped: boolean) => {
      near?.disconnect();
      if (this.#isSkipped === isSkipped) return;
      this.#isSkipped = isSkipped;
      this.forceUpdate();
    };
    current.addEventListener("contentvisibilityautostatechange", (event) => {
      if (event.target !== current) return;
      const { skipped } = event as ContentVisibilityAutoStateChangeEvent;
      const selection = getSelection();
      // Most of the time nothing is, and to ask for a part costs a layout.
      const isSelected = selection?.isCollapsed === false &&
        selection.containsNode(current, true);
      if (!skipped && isSelected) {
        near ??= new IntersectionObserver(
          (entries) => entries.at(-1)?.isIntersecting && skip(false),
          { root: current.closest(".log"), rootMargin: "100%" },
        );
        near.observe(current);
      } else skip(skipped);
    });
  }
}

/**
 * Blocks that stand together, in an element of their own: those that cannot be
 * seen cost a browser nothing but that, and as long as nothing changes, no more
 * than a look at them.
 */
export class BlockGroup extends Skippable {
  render(): JSX.Element {
    const { blocks, isLast } = this.props;
    const all = { ...this.props, isFar: this.isFar };
    return (
      <div class={`blocks${isLast ? " last" : ""}`} ref={this.box}>
        {cut(blocks.map((block) => [block]), all).map((shown) => (
          <MessageBlock key={shown.blocks[0]!.id} {...shown} />
        ))}
      </div>
    );
  }
}

/**
 * A block of messages. Far from what is seen they are taken out of the document,
 * which in a long chat costs a browser much: their text alone stays, for its own
 * search and for screen readers, in the place that they had.
 */
class MessageBlock extends Skippable {
  /** Of the place, pixels. */
  #height: number | undefined;

  render(): JSX.Element {
    const {
      blocks: [block],
      before,
      firstNew,
      between,
      me,
      delivered,
      isLast,
      onTakeBack,
    } = this.props;
    const { messages } = block!;
    const shown = showMessages(messages, before, firstNew, Date.now());
    const { isFar } = this;
    this.#height = isFar
      ? this.#height ?? this.box.current?.getBoundingClientRect().height
      : undefined;
    const rest = [...between];
    return (
      <div
        class={`block${isLast ? " last" : ""}${isFar ? " far" : ""}`}
        style={this.#height ? { height: `${this.#height}px` } : undefined}
        ref={this.box}
      >
        {isFar && textOf(messages)}
        {shown.flatMap((each, index) => {
          const next = shown[index + 1]?.message.at ?? Infinity;
          const all = [
            !isFar && (
              <Message
                key={keyOf(each.message)}
                shown={each}
                me={me}
                delivered={delivered}
                onTakeBack={onTakeBack}
              />
            ),
          ];
          // These stay: files are being chosen in them, or a video plays.
          while (rest[0] !== undefined && rest[0].place.below < next) {
            const item = rest.shift()!;
            all.push(<BetweenItem key={idOf(item)} item={item} />);
          }
          return all;
        })}
      </div>
    );
  }
}

/** A note or a card. */
export function BetweenItem(
  { item }: { readonly item: Between },
): JSX.Element {
  return item.kind === "note"
    ? <NoteLine note={item.note} />
    : <TransferBox transfer={item.transfer} />;
}

/** What each of `parts`, which stand below each other, shows of `all`. */
export function cut(
  parts: readonly (readonly LogBlock[])[],
  all: Omit<ShownBlocks, "blocks">,
): ShownBlocks[] {
  const now = Date.now();
  return parts.map((blocks, index) => {
    const next = parts[index + 1];
    const from = startOf(blocks)!;
    const to = startOf(next) ?? Infinity;
    // Only where it is, so that nothing else is drawn with it.
    const ifHere = (message: SaidMessage | undefined) => {
      const isHere = message !== undefined &&
        blocks.some(({ messages }) =>
          messages.some((each) => isSaid(each, message))
        );
      return isHere ? message : undefined;
    };
    return {
      ...all,
      blocks,
      before: parts[index - 1]?.at(-1)?.messages.at(-1) ?? all.before,
      firstNew: ifHere(all.firstNew),
      sought: ifHere(all.sought),
      between: all.between.filter(({ place }) =>
        place.below >= from && place.below < to
      ),
      delivered: Math.max(
        ...blocks.map(({ messages }) => deliveredIn(messages, all.delivered)),
      ),
      today: todayFor(blocks.at(-1)!.messages.at(-1)!.at, now),
      isLast: all.isLast && next === undefined,
    };
  });
}

/** When the first message of some blocks was said, ms since 1970 UTC. */
export function startOf(
  blocks: readonly LogBlock[] | undefined,
): number | undefined {
  return blocks?.[0]?.messages[0]?.at;
}

/** Tells one from the others. */
export function idOf(item: Between): string {
  return item.kind === "note"
    ? `note ${item.note.id}`
    : `transfer ${item.transfer.info.transfer}`;
}

/** What was said, one message in each line. */
function textOf(messages: readonly SaidMessage[]): string {
  return messages.map(({ from, text }) => `${visible(from)}: ${text}`)
    .join("\n");
}

function Message(
  { shown, me, delivered, onTakeBack }: {
    readonly shown: ShownMessage;
    readonly me: string;
    readonly delivered: number;
    readonly onTakeBack: ((number: number) => void) | undefined;
  },
): JSX.Element {
  const { message, day, isFirst, isFirstNew } = shown;
  const { at, from, text, own, deleted, kept, number } = message;
  const author = own ? "You" : visible(from);
  return (
    <>
      {day !== undefined && <h3 class="day">{day}</h3>}
      {isFirstNew && (
        <div class="new-mark" role="separator" aria-label="New messages">
          <span>New messages</span>
        </div>
      )}
      <article
        class={`message${own ? " own" : ""}${isFirst ? " first" : ""}`}
        tabIndex={-1}
        aria-label={`${author}, ${wholeTime(at, Date.now())}`}
        data-place={placeIn(message)}
      >
        {isFirst && (
          <header>
            <b class="author">
              <bdi>{author}</bdi>
            </b>
            <time dateTime={new Date(at).toISOString()}>{clockTime(at)}</time>
          </header>
        )}
        {deleted
          ? <div class="text gone">took back this message</div>
          : <MessageText text={text} me={me} />}
        <span class="after">
          {own && !deleted && (
            <SentMark
              state={number !== undefined && number <= delivered
                ? "delivered"
                : kept
                ? "kept"
                : "sent"}
            />
          )}
          {!own && kept && !deleted && (
            <span class="mark" title="It was kept while you were away">
              kept
            </span>
          )}
          {!isFirst && <time aria-hidden="true">{clockTime(at)}</time>}
          {own && !deleted && number !== undefined && onTakeBack && (
            <button
              type="button"
              class="quiet take-back"
              onClick={() => onTakeBack(number)}
            >
              Take back
            </button>
          )}
        </span>
      </article>
    </>
  );
}

/** How far a message of the user's own is. */
function SentMark(
  { state }: { readonly state: keyof typeof sentMarks },
): JSX.Element {
  const { icon, title } = sentMarks[state];
  return (
    <span class="mark" title={title}>
      <Icon name={icon} />
      <span class="hidden">{title.toLowerCase()}</span>
    </span>
  );
}

const sentMarks = {
  kept: { icon: "waits", title: "Kept until they are online" },
  sent: { icon: "check", title: "Sent" },
  delivered: { icon: "checks", title: "Delivered: a device of theirs has it" },
} as const;

function isOther(now: ShownBlocks, next: ShownBlocks): boolean {
  return next.blocks.length !== now.blocks.length ||
    next.blocks.some((block, index) => block !== now.blocks[index]) ||
    next.before !== now.before || next.firstNew !== now.firstNew ||
    next.sought !== now.sought || next.isLast !== now.isLast ||
    next.isFar !== now.isFar || next.me !== now.me ||
    next.delivered !== now.delivered || next.today !== now.today ||
    !isSameList(next.between, now.between);
}

function isSameList(
  one: readonly Between[],
  other: readonly Between[],
): boolean {
  return one.length === other.length && one.every((each, index) => {
    const twin = other[index]!;
    return each.kind === "note"
      ? twin.kind === "note" && each.note === twin.note
      : twin.kind === "transfer" && each.transfer === twin.transfer;
  });
}
