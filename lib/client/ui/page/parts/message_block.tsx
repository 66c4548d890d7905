/**
 * Some messages below each other, with what stands between them: days, the mark
 * of the new ones, notes and cards. Drawn anew only when something in it changed.
 */
import { Component, createRef, Fragment, type JSX } from "preact";
import type { SaidMessage } from "../../../events/conversations.ts";
import type { SeenTransfer } from "../../../events/known_transfers.ts";
import { visible } from "../../../../base/text.ts";
import type { LogBlock } from "../model/message_log.ts";
import { keyOf } from "../model/message_log.ts";
import {
  clockTime,
  deliveredIn,
  showMessages,
  type ShownMessage,
  todayFor,
  wholeTime,
} from "../model/shown_messages.ts";
import type { PlacedNote } from "../model/placed_notes.ts";
import { LateDraws } from "../model/late_draws.ts";
import { Icon } from "./icon.tsx";
import { MessageText } from "./message_text.tsx";
import { NoteLine } from "./note_line.tsx";
import { TransferBox } from "./transfer_box.tsx";

/** What stands between messages. */
export type Between =
  | {
    readonly kind: "note";
    readonly below: number;
    readonly note: PlacedNote;
  }
  | {
    readonly kind: "transfer";
    readonly below: number;
    readonly transfer: SeenTransfer;
  };

/** What a group shows. */
export interface BlockGroupProps extends Looks {
  readonly blocks: readonly LogBlock[];
}

/** What a block shows. */
export interface MessageBlockProps extends Looks {
  readonly block: LogBlock;
}

/** How messages look where they stand; notes and cards stand between them. */
interface Looks {
  /** The message above. */
  readonly before: SaidMessage | undefined;
  readonly firstNew: SaidMessage | undefined;
  readonly between: readonly Between[];
  readonly me: string;
  /** Number of the last of the user's own that has arrived; 0 for none. */
  readonly delivered: number;
  /** Which day it is, as a number. */
  readonly today: number;
  /** It is the newest. */
  readonly isLast: boolean;
  /** Takes back a message of the user's. */
  readonly onTakeBack: ((number: number) => void) | undefined;
}

/**
 * Blocks that stand together, in an element of their own: those that cannot be
 * seen cost a browser nothing but that, and as long as nothing changes, no more
 * than a look at them.
 */
export class BlockGroup extends Component<BlockGroupProps> {
  override shouldComponentUpdate(next: BlockGroupProps): boolean {
    const now = this.props;
    return next.blocks.length !== now.blocks.length ||
      next.blocks.some((block, index) => block !== now.blocks[index]) ||
      isOther(now, next) || isShownOtherwise(now, next);
  }

  render(): JSX.Element {
    const { blocks, firstNew, between, delivered, isLast } = this.props;
    const now = Date.now();
    return (
      <div class={`blocks${isLast ? " last" : ""}`}>
        {blocks.map((block, index) => {
          const { messages } = block;
          const from = startOf(block)!;
          const next = blocks[index + 1];
          const to = startOf(next) ?? Infinity;
          const isHere = (at: number) => at >= from && at < to;
          return (
            <MessageBlock
              {...this.props}
              key={block.id}
              block={block}
              before={blocks[index - 1]?.messages.at(-1) ?? this.props.before}
              // Only where it is, so that nothing else is drawn with it.
              firstNew={firstNew && isHere(firstNew.at) ? firstNew : undefined}
              between={between.filter(({ below }) => isHere(below))}
              delivered={deliveredIn(messages, delivered)}
              today={todayFor(messages.at(-1)!.at, now)}
              isLast={isLast && next === undefined}
            />
          );
        })}
      </div>
    );
  }
}

/** A block of messages. */
export class MessageBlock extends Component<MessageBlockProps> {
  readonly #box = createRef<HTMLDivElement>();

  override shouldComponentUpdate(next: MessageBlockProps): boolean {
    const now = this.props;
    if (next.block !== now.block || isOther(now, next)) return true;
    if (!isShownOtherwise(now, next)) return false;
    const isSeen = this.#box.current?.firstElementChild
      ?.checkVisibility?.({ contentVisibilityAuto: true });
    if (isSeen !== false) return true;
    late.add(this);
    return false;
  }

  render(): JSX.Element {
    const {
      block,
      before,
      firstNew,
      between,
      me,
      delivered,
      isLast,
      onTakeBack,
    } = this.props;
    const shown = showMessages(block.messages, before, firstNew, Date.now());
    const rest = [...between];
    return (
      <div class={`block${isLast ? " last" : ""}`} ref={this.#box}>
        {shown.map((each, index) => {
          const next = shown[index + 1]?.message.at ?? Infinity;
          const below: Between[] = [];
          while (rest[0] !== undefined && rest[0].below < next) {
            below.push(rest.shift()!);
          }
          return (
            <Fragment key={keyOf(each.message)}>
              <Message
                shown={each}
                me={me}
                delivered={delivered}
                onTakeBack={onTakeBack}
              />
              {below.map((item) => (
                <BetweenItem key={idOf(item)} item={item} />
              ))}
            </Fragment>
          );
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

/** When a block's first message was said, ms since 1970 UTC. */
export function startOf(block: LogBlock | undefined): number | undefined {
  return block?.messages[0]?.at;
}

/** Tells one from the others. */
export function idOf(item: Between): string {
  return item.kind === "note"
    ? `note ${item.note.id}`
    : `transfer ${item.transfer.info.transfer}`;
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
        data-place={`${number} ${at}`}
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
  kept: { icon: "waits", title: "Kept until they are on line" },
  sent: { icon: "check", title: "Sent" },
  delivered: { icon: "checks", title: "Delivered: a device of theirs has it" },
} as const;

function isOther(now: Looks, next: Looks): boolean {
  return next.before !== now.before || next.firstNew !== now.firstNew ||
    next.isLast !== now.isLast || !isSameList(next.between, now.between);
}

/** What can come to all messages at once. */
function isShownOtherwise(now: Looks, next: Looks): boolean {
  return next.me !== now.me || next.delivered !== now.delivered ||
    next.today !== now.today;
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

/** Blocks that changed where nobody sees them. */
const late = new LateDraws((act) => requestAnimationFrame(act));
