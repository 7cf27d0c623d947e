/**
 * Markdown and HTML of text panels as a tree of a few harmless elements: what is not among them is text. Nothing
 * of it is ever handed to the browser as HTML. Pure, but for the HTML part, which needs a parser.
 */

export type TextNode = string | TextElement;

export interface TextElement {
  tag: Tag;
  /** Of a link. */
  href?: string;
  children: TextNode[];
}

const TAGS = [
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "p",
  "ul",
  "ol",
  "li",
  "strong",
  "em",
  "del",
  "code",
  "pre",
  "blockquote",
  "hr",
  "br",
  "a",
  "table",
  "thead",
  "tbody",
  "tr",
  "th",
  "td",
  "div",
  "span",
] as const;
export type Tag = (typeof TAGS)[number];

const ALIASES: Readonly<Record<string, Tag>> = {
  b: "strong",
  i: "em",
  s: "del",
  strike: "del",
  center: "div",
  section: "div",
  article: "div",
  small: "span",
  font: "span",
};
/** What is in these is no text. */
const SKIPPED = [
  "script",
  "style",
  "iframe",
  "object",
  "embed",
  "template",
  "noscript",
  "svg",
  "math",
  "head",
  "title",
  "form",
  "input",
  "button",
  "textarea",
  "select",
];

const element = (tag: Tag, children: TextNode[]): TextElement => ({ tag, children });

/** Only these may be followed. */
export function safeHref(url: string): string | undefined {
  const trimmed = url.trim();
  if (/^(https?:|mailto:)/i.test(trimmed)) return trimmed;
  // Relative, so without a scheme before the first slash.
  return /^[^:]*(?:[/?#]|$)/.test(trimmed) && trimmed !== "" ? trimmed : undefined;
}

export function parseMarkdown(source: string): TextNode[] {
  return parseBlocks(source.replace(/\r\n?/g, "\n").split("\n"));
}

function parseBlocks(lines: readonly string[]): TextNode[] {
  const nodes: TextNode[] = [];
  let at = 0;
  const take = (isPart: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && isPart(lines[at] ?? "")) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? "";
    const heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    const fence = /^ {0,3}(```+|~~~+)/.exec(line)?.[1];
    if (line.trim() === "") at += 1;
    else if (heading) {
      at += 1;
      nodes.push(element(`h${heading[1]?.length ?? 1}` as Tag, parseInline(heading[2] ?? "")));
    } else if (fence !== undefined) {
      at += 1;
      const body = take((each) => !each.trim().startsWith(fence));
      at += 1;
      nodes.push(element("pre", [element("code", [body.join("\n")])]));
    } else if (/^ {0,3}([-*_])(\s*\1){2,}\s*$/.test(line)) {
      at += 1;
      nodes.push(element("hr", []));
    } else if (/^ {0,3}>/.test(line)) {
      nodes.push(
        element(
          "blockquote",
          parseBlocks(take((each) => /^ {0,3}>/.test(each)).map((each) => each.replace(/^ {0,3}> ?/, ""))),
        ),
      );
    } else if (isItem(line)) nodes.push(parseList(take((each) => isItem(each) || /^\s{2,}\S/.test(each) || false)));
    else if (isTable(lines, at)) nodes.push(parseTable(take((each) => each.includes("|"))));
    else {
      // The first line whatever it is, so that each round takes one.
      at += 1;
      nodes.push(element("p", parseInline([line, ...take(isParagraph)].join("\n"))));
    }
  }
  return nodes;
}

const ITEM = /^(\s*)(?:[-*+]|\d{1,9}[.)])\s+(.*)$/;

function isItem(line: string): boolean {
  return ITEM.test(line);
}

function isParagraph(line: string): boolean {
  return line.trim() !== "" && !isItem(line) && !/^ {0,3}(#{1,6}\s|>|```|~~~)/.test(line);
}

function parseList(lines: readonly string[]): TextElement {
  const indent = ITEM.exec(lines[0] ?? "")?.[1]?.length ?? 0;
  const items: string[][] = [];
  for (const line of lines) {
    const match = ITEM.exec(line);
    if (match && (match[1]?.length ?? 0) <= indent) items.push([match[2] ?? ""]);
    else items.at(-1)?.push(line.slice(Math.min(line.length - line.trimStart().length, indent + 2)));
  }
  const children = items.map(([first = "", ...rest]) => element("li", [...parseInline(first), ...parseBlocks(rest)]));
  return element(/^\s*\d/.test(lines[0] ?? "") ? "ol" : "ul", children);
}

function isTable(lines: readonly string[], at: number): boolean {
  return (lines[at] ?? "").includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[at + 1] ?? "");
}

function parseTable([head = "", , ...body]: readonly string[]): TextElement {
  const row = (line: string, tag: "th" | "td") =>
    element(
      "tr",
      line
        .trim()
        .replace(/^\||\|$/g, "")
        .split("|")
        .map((cell) => element(tag, parseInline(cell.trim()))),
    );
  return element("table", [
    element("thead", [row(head, "th")]),
    element(
      "tbody",
      body.map((line) => row(line, "td")),
    ),
  ]);
}

/** Each kind of inline text: what it looks like, and what it becomes. The first that is found earliest wins. */
const INLINE: readonly [RegExp, (match: RegExpExecArray) => TextNode][] = [
  [/\\([\\`*_{}[\]()#+\-.!~|>])/, (match) => match[1] ?? ""],
  [/(`+)(.+?)\1/, (match) => element("code", [(match[2] ?? "").trim()])],
  [
    /!?\[([^\]]*)\]\(\s*([^)\s]+)(?:\s+"[^"]*")?\s*\)/,
    (match) => link(match[2] ?? "", parseInline(match[1] || match[2] || "")),
  ],
  [/<((?:https?:|mailto:)[^>\s]+)>/, (match) => link(match[1] ?? "", [match[1] ?? ""])],
  [/\bhttps?:\/\/[^\s<>)\]]+[^\s<>)\].,;:!?]/, (match) => link(match[0], [match[0]])],
  [/(\*\*|__)(?=\S)(.+?)(?<=\S)\1/s, (match) => element("strong", parseInline(match[2] ?? ""))],
  [/~~(?=\S)(.+?)(?<=\S)~~/s, (match) => element("del", parseInline(match[1] ?? ""))],
  [/\*(?=\S)(.+?)(?<=\S)\*/s, (match) => element("em", parseInline(match[1] ?? ""))],
  [/\b_(?=\S)(.+?)(?<=\S)_\b/s, (match) => element("em", parseInline(match[1] ?? ""))],
  [/ {2,}\n|<br\s*\/?>/, () => element("br", [])],
];

function link(url: string, children: TextNode[]): TextNode {
  const href = safeHref(url);
  return href === undefined ? element("span", children) : { tag: "a", href, children };
}

export function parseInline(text: string): TextNode[] {
  let found: { match: RegExpExecArray; make: (match: RegExpExecArray) => TextNode } | null = null;
  for (const [pattern, make] of INLINE) {
    const match = pattern.exec(text);
    if (match && (found === null || match.index < found.match.index)) found = { match, make };
  }
  if (!found) return text === "" ? [] : [text];
  const { match, make } = found;
  const before = text.slice(0, match.index);
  return [...(before === "" ? [] : [before]), make(match), ...parseInline(text.slice(match.index + match[0].length))];
}

/** HTML by the browser's own parser, in a document that runs nothing and loads nothing. */
export function parseHtml(source: string): TextNode[] {
  const { body } = new DOMParser().parseFromString(source, "text/html");
  return [...body.childNodes].flatMap(fromDom);
}

function fromDom(node: Node): TextNode[] {
  if (node.nodeType === Node.TEXT_NODE) return [node.textContent ?? ""];
  if (!(node instanceof Element)) return [];
  const name = node.localName;
  if (SKIPPED.includes(name)) return [];
  if (name === "img") return [node.getAttribute("alt") ?? ""];
  const children = [...node.childNodes].flatMap(fromDom);
  if (name === "a") return [link(node.getAttribute("href") ?? "", children)];
  const tag = ALIASES[name] ?? TAGS.find((each) => each === name);
  return tag === undefined ? children : [element(tag, children)];
}
