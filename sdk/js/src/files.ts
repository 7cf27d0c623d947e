// Files under the roots that the operator granted. Reading only.

import { decodeUtf8 } from "./bytes.ts";
import { host, type FileEntry, type FsUsage } from "./host.ts";

export type { FileEntry, FsUsage };

/** Kernel files are small; a file beyond this is not one of them. */
const FILE_BYTES_MAX = 4 << 20;

/** Far more than any directory of `/proc` or `/sys` that is worth listing. */
const ENTRIES_MAX = 10_000;

/** Reads a file of at most `bytesMax` bytes. */
export function read(root: string, path: string, bytesMax = FILE_BYTES_MAX): Uint8Array {
  return host().readFile(root, path, bytesMax);
}

/** Reads a text of at most 4 MiB. What is not UTF-8 is replaced. */
export function readText(root: string, path: string): string {
  return decodeUtf8(read(root, path));
}

/** Lists a directory, sorted by name. */
export function list(root: string, path: string): FileEntry[] {
  return host().listDir(root, path, ENTRIES_MAX);
}

/** The target of a symbolic link, as it is written. */
export function readLink(root: string, path: string): string {
  return host().readLink(root, path);
}

/** When a file's content last changed, in milliseconds since the Unix epoch, with the part of one. */
export function modified(root: string, path: string): number {
  return host().modified(root, path) / 1e6;
}

/** The usage of the file system that holds `path`. */
export function usage(root: string, path: string): FsUsage {
  return host().usage(root, path);
}
