import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeUtf8, encodeUtf8 } from "@narthex/sdk";

// Node.js has what the engine in the component lacks: the two must agree.

test("texts are encoded as TextEncoder does", () => {
  for (const text of ["", "plain", "ä߿€\u{10ffff}😀", "half \ud83d pair", "\udc00", "x".repeat(10_000)]) {
    assert.deepEqual(encodeUtf8(text), new TextEncoder().encode(text), JSON.stringify(text));
  }
});

test("what is UTF-8 is decoded as TextDecoder does", () => {
  for (const text of ["", "plain", "ä߿ࠀ€￿\u{10000}\u{10ffff}😀", "€".repeat(10_000)]) {
    assert.equal(decodeUtf8(new TextEncoder().encode(text)), text);
  }
});

test("what is not UTF-8 is replaced, and the rest is kept", () => {
  const broken: [number[], string][] = [
    [[0xff, 0x61], "\ufffda"],
    [[0x61, 0xe2, 0x82], "a\ufffd\ufffd"],
    [[0xc0, 0xaf], "\ufffd\ufffd"],
    [[0xed, 0xa0, 0x80, 0x62], "\ufffd\ufffd\ufffdb"],
    [[0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
  ];
  for (const [bytes, text] of broken) assert.equal(decodeUtf8(Uint8Array.from(bytes)), text, String(bytes));
});
