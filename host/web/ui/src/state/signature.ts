/** Who writes silences and acknowledgements in this browser, and what they wrote last. */
import { readStored, useStored, writeStored } from "./stored";

const AUTHOR = "narthex.author";
const COMMENTS = "narthex.comments";
const COMMENTS_MAX = 10;

export function useAuthor(): [string, (author: string) => void] {
  return useStored(AUTHOR, "", (value): value is string => typeof value === "string");
}

/** The newest first. */
export function recentComments(): string[] {
  return readStored(COMMENTS, [], isTexts);
}

export function rememberComment(comment: string): void {
  writeStored(COMMENTS, withComment(recentComments(), comment));
}

/** With this one as the newest. Pure. */
export function withComment(comments: readonly string[], comment: string): string[] {
  const added = comment.trim();
  if (added === "") return [...comments];
  return [added, ...comments.filter((each) => each !== added)].slice(0, COMMENTS_MAX);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
