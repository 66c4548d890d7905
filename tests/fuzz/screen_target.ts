import { assert } from "@std/assert";
import type {
  ClientEvent,
  TransferInfo,
} from "../../lib/client/events/client_event.ts";
import { KeyDecoder } from "../../lib/client/ui/terminal/key_decoder.ts";
import {
  type FeedLine,
  MessageFeed,
} from "../../lib/client/text/message_feed.ts";
import { messageLines } from "../../lib/cli/message_lines.ts";
import { colourPalette } from "../../lib/cli/palette.ts";
import { ClientView } from "../../lib/client/events/client_view.ts";
import { statusBar } from "../../lib/client/ui/terminal/status_rows.ts";
import {
  type RowsAround,
  type TerminalSize,
  TerminalView,
} from "../../lib/client/ui/terminal/terminal_view.ts";
import { textWidth } from "../../lib/client/text/styled_text.ts";
import { transferRows } from "../../lib/client/ui/terminal/transfer_rows.ts";
import { visible } from "../../lib/base/text.ts";
import type { SeededRandom } from "../support/seeded_random.ts";
import { EmulatedTerminal } from "../support/emulated_terminal.ts";
import { ScreenModel } from "../support/screen_model.ts";
import type { FuzzTarget } from "./fuzz_target.ts";
import { Mutator } from "./mutator.ts";

/**
 * The client's terminal: whatever is typed, pasted and said, and whatever size
 * the window gets, each row is where it must be, the cursor too, and nothing is
 * left over; also on a terminal that finds characters narrower or wider.
 */
export const screenTarget: FuzzTarget = {
  name: "screen",
  about: "what a terminal shows of what is typed, pasted and said",
  shortRuns: 600,
  open(random) {
    let session = new ScreenSession(random);
    let steps = 0;
    return {
      async step() {
        if (++steps % stepsOfSession === 0) {
          session.close();
          session = new ScreenSession(random);
        }
        await session.step();
        return 1;
      },
      close: () => session.close(),
    };
  },
};

/** One client on one terminal. */
class ScreenSession {
  readonly #random: SeededRandom;
  readonly #mutator: Mutator;
  readonly #terminal: EmulatedTerminal;
  readonly #model: ScreenModel;
  readonly #view: TerminalView;
  readonly #decoder = new KeyDecoder();
  readonly #feed = new MessageFeed({
    palette: colourPalette,
    timestamps: true,
  });
  #size: TerminalSize;
  #now = 0;
  #lines: FeedLine[] = [];
  #transfers: TransferInfo[] = [];
  #unread = "";
  #isAsking = false;

  constructor(random: SeededRandom) {
    this.#random = random;
    this.#mutator = new Mutator(random);
    this.#size = this.#anySize();
    const counts = this.#mutator.pick(["as told", "otherwise"] as const);
    this.#terminal = new EmulatedTerminal(this.#size, counts, random.below(99));
    this.#model = new ScreenModel(this.#size);
    this.#view = new TerminalView({
      users: () => ["leia", "luke", "yoda"],
      groups: () => ["jedi"],
      sessions: () => [],
      devices: () => ["laptop"],
      blocked: () => [],
      files: () => ["ein Bär.mp4", "日本の映画.mp4", "films/"],
    });
    this.#view.editor.prompt = "yoda> ";
    this.#feed.user = "yoda";
  }

  /** Something happens, is drawn, and compared. */
  async step(): Promise<void> {
    const before = this.#size;
    let drawing = this.#act();
    const drawnFor = this.#mutator.chance(10) ? before : this.#size;
    drawing += this.#draw(drawnFor);
    await this.#terminal.write(drawing);
    if (drawnFor !== this.#size) {
      // The news of another size came late: what is drawn for it puts all right.
      await this.#terminal.write(this.#draw(this.#size));
    }
    this.#model.compare(this.#terminal);
  }

  close(): void {
    this.#terminal.close();
  }

  /** @returns What it makes the client write at once. */
  #act(): string {
    this.#now += this.#random.below(3000);
    switch (this.#random.below(10)) {
      case 0:
      case 1:
      case 2:
        this.#type(this.#text(12));
        return "";
      case 3:
      case 4:
        this.#type(this.#mutator.pick(keys));
        return "";
      case 5: {
        const lines = Array.from(
          { length: 1 + this.#random.below(4) },
          () => this.#text(20),
        );
        const end = this.#mutator.chance(8) ? "" : "\x1b[201~";
        this.#type(`\x1b[200~${lines.join("\n")}${end}`);
        return "";
      }
      case 6:
      case 7:
        this.#print(this.#feed.lines(this.#event(), this.#now));
        return "";
      case 8:
        return this.#around();
      default:
        this.#resize();
        return "";
    }
  }

  #around(): string {
    const { editor } = this.#view;
    switch (this.#random.below(6)) {
      case 0:
        this.#unread = this.#text(6);
        return "";
      case 1:
        editor.chat =
          this.#mutator.pick([{}, { to: "leia" }, { to: "#日本" }]).to;
        editor.prompt = visible(`${this.#text(5)}> `);
        return "";
      case 2:
        if (this.#isAsking) editor.answered();
        else editor.ask(visible(`${this.#text(4)}? `), this.#mutator.chance(2));
        this.#isAsking = !this.#isAsking;
        return "";
      case 3:
        this.#model.clear();
        return this.#view.clear();
      default:
        this.#transfers = Array.from(
          { length: this.#random.below(4) },
          (_, index) => this.#transfer(index),
        );
        return "";
    }
  }

  #type(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let from = 0; from < bytes.length;) {
      const to = from + 1 + this.#random.below(bytes.length);
      const keys = this.#decoder.push(bytes.subarray(from, to), this.#now);
      from = to;
      for (const key of keys) {
        const { prompt } = this.#view.editor;
        const action = this.#view.editor.handleKey(key);
        if (action?.action === "line") {
          const texts = messageLines(prompt + action.text);
          this.#print(texts.map((text) => ({ text, indent: 2 })));
        } else if (action?.action === "message") {
          this.#print(
            messageLines(action.text).map((text) => ({
              text,
              indent: 2,
            })),
          );
        }
      }
    }
  }

  #print(lines: readonly FeedLine[]): void {
    this.#lines.push(...lines);
    this.#view.print(lines);
  }

  #resize(): void {
    this.#size = this.#anySize();
    this.#terminal.resize(this.#size);
  }

  #draw(size: TerminalSize): string {
    const around = this.#rows(size);
    const { editor } = this.#view;
    const line = editor.render(size.columns);
    assert(line.column >= 0 && line.column < size.columns, "cursor outside");
    assert(textWidth(line.text) < size.columns, "line too long");
    const frame = this.#view.frame(size, around);
    const rows = frame.above.length + 1 + frame.below.length;
    assert(rows <= Math.max(size.rows, 4), `${rows} rows of ${size.rows}`);
    this.#model.draw(size, { ...frame, line, lines: this.#lines });
    this.#lines = [];
    return this.#view.draw(size, around);
  }

  #rows({ columns, rows }: TerminalSize): RowsAround {
    if (rows < 6) return { above: [], below: [] };
    const server = "localhost:6000";
    const view = ClientView.from({
      me: { user: "yoda", server, connection: "open" },
      conversations: [{
        ...{ key: `@${this.#unread}`, messages: [], unread: 3 },
        ...{ seen: 0, counted: 3, last: 3 },
      }],
      counted: 0,
      people: [],
      groups: [],
      devices: [],
      transfers: this.#transfers.map((info) => ({ info })),
      sessions: [],
      calls: [],
      pending: [],
    });
    const shown = this.#transfers.slice(0, Math.floor(rows / 3));
    const above = transferRows(shown, columns - 1);
    return { above, below: [colourPalette.bar(statusBar(view, columns - 1))] };
  }

  #anySize(): TerminalSize {
    const columns = 20 + this.#random.below(this.#mutator.chance(2) ? 30 : 181);
    return { columns, rows: 2 + this.#random.below(30) };
  }

  #event(): ClientEvent {
    const text = this.#text(this.#mutator.chance(4) ? 120 : 20);
    const from = this.#mutator.pick(["leia", "luke", "日本"]);
    const place = { id: 1, number: 1, at: this.#now };
    const about = { ...place, from, text, kept: false };
    switch (this.#random.below(3)) {
      case 0:
        return { event: "warning", message: text };
      case 1: {
        const group = "jedi";
        return { event: "message", kind: "group", group, ...about };
      }
      default:
        return { event: "message", kind: "private", ...about };
    }
  }

  #transfer(index: number): TransferInfo {
    return {
      transfer: index + 1,
      direction: this.#mutator.pick(["incoming", "outgoing"] as const),
      kind: "file",
      user: "leia",
      name: this.#text(12),
      size: 80_000_000,
      state: this.#mutator.pick(["running", "offered"] as const),
      bytes: this.#random.below(80_000_000),
      rate: 12_000_000,
      paused: false,
    };
  }

  /** Up to `most` pieces of any script. */
  #text(most: number): string {
    let text = "";
    for (let left = 1 + this.#random.below(most); left > 0; left--) {
      text += this.#mutator.chance(6)
        ? this.#mutator.character()
        : this.#mutator.pick(pieces);
    }
    return text;
  }
}

const stepsOfSession = 60;
const keys = [
  "\r",
  "\x1b\r",
  "\t",
  "\x7f",
  "\x01",
  "\x05",
  "\x17",
  "\x15",
  "\x19",
  "\x12",
  "\x14",
  "\x03",
  "\x07",
  "\x1b",
  "\x1b[",
  "y",
  "n",
  "\x1b[D",
  "\x1b[D\x1b[D\x1b[D",
  "\x1b[C",
  "\x1b[A",
  "\x1b[B",
  "\x1b[3~",
  "\x1bb",
  "\x1bf",
];
const pieces = [
  "a",
  "hello ",
  " ",
  "/msgto l",
  "ein schöner Tag ",
  "привет ",
  "ทำกำ คำ ",
  "น้ำ",
  "ພາສາ",
  "नमस्ते ",
  "क्षि",
  "கொள்கை ",
  "বাংলা",
  "မြန်မာ",
  "ខ្មែរ",
  "བོད་",
  "日本語",
  "漢",
  "ｶﾞ",
  "ｱ",
  "한글",
  "\u1112\u1161\u11ab",
  "\u1161",
  "مَرْحَبًا ",
  "\u0600١٢",
  "שָׁלוֹם",
  "\u200f",
  "\u200c",
  "\u200d",
  "\u200b",
  "\u00ad",
  "e\u0301",
  "\u0301",
  "Z\u0351\u036b\u0343",
  "👍",
  "👍🏽",
  "🏽",
  "👨‍👩‍👧",
  "❤\ufe0f",
  "❤",
  "☎\ufe0e",
  "🇩🇪",
  "🇩",
  "1\ufe0f\u20e3",
  "©",
  "☰",
  "…",
  "\ue000",
  "\u{e0001}",
  "\u{20000}",
  "\t",
  "\n",
  "\x1b[2J",
  "\u202e",
  "\ud800",
];
