// UTF-8 by hand: the engine inside the component has no TextEncoder and no TextDecoder.

/** A text as UTF-8. Half a surrogate pair becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (const character of text) {
    let code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
    if (code < 0x80) {
      bytes[length++] = code;
    } else if (code < 0x800) {
      bytes[length++] = 0xc0 | (code >> 6);
      bytes[length++] = 0x80 | (code & 0x3f);
    } else if (code < 0x10000) {
      bytes[length++] = 0xe0 | (code >> 12);
      bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[length++] = 0x80 | (code & 0x3f);
    } else {
      bytes[length++] = 0xf0 | (code >> 18);
      bytes[length++] = 0x80 | ((code >> 12) & 0x3f);
      bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
      bytes[length++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes.slice(0, length);
}

/** Characters that are made into a string at one time: more arguments than this overflow a stack. */
const PIECE = 4096;

/** UTF-8 as a text. What is not UTF-8 becomes U+FFFD, one for each byte that cannot begin a character. */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = "";
  let codes: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [code, length] = codePoint(bytes, at);
    codes.push(code);
    at += length;
    if (codes.length === PIECE) {
      text += String.fromCodePoint(...codes);
      codes = [];
    }
  }
  return text + String.fromCodePoint(...codes);
}

/** Of each length of a character: the bits of its first byte, and the least code that needs so many bytes. */
const SHAPES = [
  { mask: 0xe0, head: 0xc0, length: 2, least: 0x80 },
  { mask: 0xf0, head: 0xe0, length: 3, least: 0x800 },
  { mask: 0xf8, head: 0xf0, length: 4, least: 0x10000 },
];

/** The character at a place, and how many bytes it takes. */
function codePoint(bytes: Uint8Array, at: number): [code: number, length: number] {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return [first, 1];
  const shape = SHAPES.find(({ mask, head }) => (first & mask) === head);
  if (shape === undefined || at + shape.length > bytes.length) return [0xfffd, 1];
  let code = first & ~shape.mask & 0xff;
  for (let next = at + 1; next < at + shape.length; next += 1) {
    const byte = bytes[next] ?? 0;
    if ((byte & 0xc0) !== 0x80) return [0xfffd, 1];
    code = (code << 6) | (byte & 0x3f);
  }
  const isCharacter = code >= shape.least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
  return isCharacter ? [code, shape.length] : [0xfffd, 1];
}
