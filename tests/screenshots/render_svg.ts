/**
 * A terminal's screen as a picture: the text of `tmux capture-pane -e` with its
 * colours (ECMA-48 SGR) as SVG, which is small and needs no font of its own.
 */
import { graphemes, textWidth } from "../../lib/client/text/styled_text.ts";

/** A piece of a row in one style. */
interface Run {
  readonly column: number;
  readonly text: string;
  readonly style: Style;
}

interface Style {
  readonly foreground: string | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly reverse: boolean;
}

/**
 * The picture.
 *
 * @param screen Rows separated by line feeds.
 * @param columns Width of the terminal.
 */
export function renderSvg(screen: string, columns: number): string {
  const rows = screen.replace(/\n+$/, "").split("\n");
  const width = columns * cellWidth + 2 * margin;
  const height = rows.length * cellHeight + 2 * margin;
  const parts: string[] = [];
  for (const [index, row] of rows.entries()) {
    for (const run of runsOf(row)) parts.push(...drawRun(run, index));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" xml:space="preserve">
<rect width="100%" height="100%" rx="6" fill="${background}"/>
${parts.join("\n")}
</svg>
`;
}

function runsOf(row: string): Run[] {
  const runs: Run[] = [];
  let style = plain;
  let column = 0;
  // deno-lint-ignore no-control-regex
  for (const part of row.match(/\x1b\[[\d;]*m|\x0f|[^\x1b\x0f]+/g) ?? []) {
    if (part.startsWith("\x1b")) {
      for (const code of part.slice(2, -1).split(";")) {
        style = withCode(style, Number(code));
      }
    } else if (part !== "\x0f") {
      runs.push({ column, text: part, style });
      column += textWidth(part);
    }
  }
  return runs;
}

function withCode(style: Style, code: number): Style {
  if (code === 0) return plain;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 7) return { ...style, reverse: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 27) return { ...style, reverse: false };
  if (code === 39) return { ...style, foreground: undefined };
  const foreground = colours[code];
  return foreground === undefined ? style : { ...style, foreground };
}

function drawRun({ column, text, style }: Run, row: number): string[] {
  const x = margin + column * cellWidth;
  const y = margin + row * cellHeight;
  const width = textWidth(text) * cellWidth;
  const parts: string[] = [];
  const colour = style.foreground ?? foreground;
  if (style.reverse) {
    parts.push(
      `<rect x="${round(x)}" y="${y}" width="${
        round(width)
      }" height="${cellHeight}" fill="${colour}"/>`,
    );
  }
  if (text.trim() === "") return parts;
  const weight = style.bold ? ' font-weight="bold"' : "";
  const opacity = style.dim ? ' opacity="0.6"' : "";
  const fill = style.reverse ? background : colour;
  // The width is given so that any font keeps the columns.
  const single = graphemes(text).length === 1
    ? ""
    : ` textLength="${round(width)}" lengthAdjust="spacingAndGlyphs"`;
  parts.push(
    `<text x="${round(x)}" y="${
      y + baseline
    }" fill="${fill}"${weight}${opacity}${single}>${escaped(text)}</text>`,
  );
  return parts;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const plain: Style = {
  foreground: undefined,
  bold: false,
  dim: false,
  reverse: false,
};
const background = "#1d2021";
const foreground = "#d5c4a1";
const colours: Record<number, string | undefined> = {
  31: "#fb4934",
  32: "#b8bb26",
  33: "#fabd2f",
  34: "#83a598",
  35: "#d3869b",
  36: "#8ec07c",
  91: "#fb4934",
  92: "#c6c93a",
  93: "#ffd75f",
  94: "#9ab8ac",
  95: "#e3a6b9",
  96: "#a9d39c",
};
const margin = 10;
const cellWidth = 8.4;
const cellHeight = 18;
const baseline = 14;
