/** Something that the user has the host do: one at a time, with its outcome. */
import { useRef, useState } from "react";

export type Operation<T> =
  | { state: "idle" }
  | { state: "running" }
  | { state: "done"; result: T }
  | { state: "failed"; message: string };

/** The operation as it is, what starts one, and what forgets the outcome. */
export function useOperation<T>(): [Operation<T>, (work: (signal: AbortSignal) => Promise<T>) => void, () => void] {
  const [operation, setOperation] = useState<Operation<T>>({ state: "idle" });
  const newest = useRef(0);
  const run = async (work: (signal: AbortSignal) => Promise<T>) => {
    const number = ++newest.current;
    const show = (outcome: Operation<T>) => {
      if (number === newest.current) setOperation(outcome);
    };
    setOperation({ state: "running" });
    try {
      // What the host has begun goes on: leaving the page does not take it back.
      show({ state: "done", result: await work(new AbortController().signal) });
    } catch (error) {
      show({ state: "failed", message: error instanceof Error ? error.message : String(error) });
    }
  };
  const forget = () => {
    newest.current += 1;
    setOperation({ state: "idle" });
  };
  return [operation, (work) => void run(work), forget];
}
