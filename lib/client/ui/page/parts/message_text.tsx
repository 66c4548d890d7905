/** A message's text: text nodes, links, and names that stand out. */
import type { JSX } from "preact";
import { richText } from "../model/rich_text.ts";
import { useStore } from "./store_context.tsx";

/** The text, in its own direction. */
export function MessageText(
  { text, me }: { readonly text: string; readonly me: string },
): JSX.Element {
  const store = useStore();
  return (
    <div class="text" dir="auto">
      {richText(text, me).map((part, index) => {
        if (part.kind === "text") return part.text;
        if (part.kind === "link") {
          return (
            <a
              key={index}
              href={part.href}
              target="_blank"
              rel="noopener noreferrer"
            >
              {part.text}
            </a>
          );
        }
        const name = part.text.slice(1);
        return store.view.person(name) === undefined && !part.me
          ? part.text
          : <b key={index} class={part.me ? "name me" : "name"}>{part.text}</b>;
      })}
    </div>
  );
}
