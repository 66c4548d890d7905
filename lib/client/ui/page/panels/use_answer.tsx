import { useEffect, useState } from "preact/hooks";
import type {
  CommandAnswers,
  CommandSuccess,
} from "../../../events/client_event.ts";
import { useStore } from "../parts/store_context.tsx";

/** What a panel asked for. */
export interface Asked<A> {
  readonly answer: A | undefined;
  readonly problem: string | undefined;
  /** Asks again. */
  readonly again: () => void;
}

/**
 * What a command of that name answers, asked for when a panel opens.
 *
 * @param known Asked again when this is another, as it tells of news.
 */
export function useAnswer<N extends CommandSuccess["command"]>(
  command: N,
  line: string,
  known = "",
): Asked<CommandAnswers[N]> {
  const store = useStore();
  const [answer, setAnswer] = useState<CommandAnswers[N]>();
  const [problem, setProblem] = useState<string>();
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let isHere = true;
    store.requests.submit(line).then(({ outcome }) => {
      if (!isHere) return;
      if (!outcome.ok) return setProblem(outcome.message);
      if (outcome.command !== command) return;
      setProblem(undefined);
      setAnswer(outcome.answer as CommandAnswers[N]);
    });
    return () => {
      isHere = false;
    };
  }, [line, turn, known, store.link.value]);
  return { answer, problem, again: () => setTurn(turn + 1) };
}
