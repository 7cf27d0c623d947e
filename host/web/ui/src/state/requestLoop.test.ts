import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { ApiError } from "../api";
import { retryDelay, startRequests, type RequestLoop } from "./requestLoop";

/** One request as the test answers it. */
interface Asked {
  signal: AbortSignal;
  answer: (text: string) => void;
  fail: (error: unknown) => void;
}

let asked: Asked[];
let told: string[];
let isHidden: boolean;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  told = [];
  isHidden = false;
});

afterEach(() => vi.useRealTimers());

function start(intervalMs?: number): RequestLoop {
  const load = (signal: AbortSignal) =>
    new Promise<string>((answer, fail) => {
      signal.addEventListener("abort", () => fail(signal.reason));
      asked.push({ signal, answer, fail });
    });
  return startRequests(load, { intervalMs, isHidden: () => isHidden }, {
    onStart: () => told.push("start"),
    onDone: (text) => told.push(text),
    onFailed: (error) => told.push(`${error.kind}: ${error.message}`),
  });
}

/** Lets promises settle and time pass. */
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

const away = () => new ApiError("unreachable", "gone");

it("asks once without an interval", async () => {
  start();
  asked[0]?.answer("one");
  await pass(60_000);
  expect(told).toEqual(["start", "one"]);
});

it("polls from the end of a request, not from its start", async () => {
  start(1_000);
  await pass(5_000);
  expect(asked).toHaveLength(1);
  asked[0]?.answer("one");
  await pass(999);
  expect(asked).toHaveLength(1);
  await pass(1);
  expect(asked).toHaveLength(2);
});

it("gives up a poll that runs when it is told to reload, and hears only the newer answer", async () => {
  const loop = start(1_000);
  asked[0]?.answer("one");
  await pass(1_000);
  loop.reload();
  expect(asked).toHaveLength(3);
  expect(asked[1]?.signal.aborted).toBe(true);
  asked[1]?.answer("older");
  asked[2]?.answer("newer");
  await pass(0);
  expect(told).toEqual(["start", "one", "start", "start", "newer"]);
});

it("keeps one timer after a reload", async () => {
  const loop = start(1_000);
  asked[0]?.answer("one");
  await pass(500);
  loop.reload();
  asked[1]?.answer("two");
  await pass(999);
  expect(asked).toHaveLength(2);
  await pass(1);
  expect(asked).toHaveLength(3);
});

it("tries again by itself while the host is away, more slowly each time", async () => {
  start();
  asked[0]?.fail(away());
  await pass(2_000);
  expect(asked).toHaveLength(2);
  asked[1]?.fail(away());
  await pass(3_999);
  expect(asked).toHaveLength(2);
  await pass(1);
  asked[2]?.answer("back");
  await pass(60_000);
  expect(told).toEqual(["start", "unreachable: gone", "start", "unreachable: gone", "start", "back"]);
});

it("does not repeat what the host refused, nor what cannot be read", async () => {
  start();
  asked[0]?.fail(new TypeError("no such field"));
  await pass(60_000);
  expect(told).toEqual(["start", "malformed: no such field"]);
});

it("polls a hidden page no more, and asks when it is shown", async () => {
  const loop = start(1_000);
  isHidden = true;
  asked[0]?.answer("one");
  await pass(60_000);
  expect(asked).toHaveLength(1);
  isHidden = false;
  loop.wake();
  expect(asked).toHaveLength(2);
  loop.wake();
  expect(asked).toHaveLength(2);
});

it("does not wake for an answer that is never asked for again", async () => {
  const loop = start();
  asked[0]?.answer("one");
  await pass(0);
  loop.wake();
  expect(asked).toHaveLength(1);
});

it("is silent once it is stopped", async () => {
  const loop = start(1_000);
  loop.stop();
  expect(asked[0]?.signal.aborted).toBe(true);
  await pass(60_000);
  expect(told).toEqual(["start"]);
});

it("waits longer after each failure, up to a bound", () =>
  expect([1, 2, 3, 4, 100].map(retryDelay)).toEqual([2_000, 4_000, 8_000, 15_000, 15_000]));
