// @ts-check
// Reads a scenario file: the part of TOML that scenario files use. Errors name the line.

/**
 * A key with its value, or the items of its list.
 * @typedef {{ key: string, value: string | string[], line: number }} Entry
 */

/** The kinds of one value: a text with escapes, one without, and a bare word. */
const [BASIC, LITERAL, BARE] = [/"(?:[^"\\\n]|\\.)*"/y, /'[^'\n]*'/y, /[-+\w.:]+/y];

/** A key: bare or in quotes, with dots between its parts. */
const KEY = /(?:[\w-]+|"[^"\\\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[\w-]+|"[^"\\\n]*"|'[^'\n]*'))*/y;

/**
 * Returns what a text in quotes says; `null` if one of its escapes is not a character.
 * @param {string} quoted
 */
function unescaped(quoted) {
  const point = (/** @type {string} */ _, /** @type {string} */ hex) => String.fromCodePoint(Number.parseInt(hex, 16));
  try {
    const text = JSON.parse(quoted.replace(/\\U([\da-fA-F]{8})/g, point));
    return /\p{Cs}/u.test(text) ? null : text;
  } catch {
    return null;
  }
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.at = 0;
    /** A line whose number is known, and where it is. */
    this.known = { line: 1, at: 0 };
  }

  /** The number of the line, from 1. */
  get line() {
    const { line, at } = this.known;
    this.known = { line: line + this.text.slice(at, this.at).split("\n").length - 1, at: this.at };
    return this.known.line;
  }

  /**
   * @param {string} what
   * @returns {never}
   */
  fail(what) {
    throw new Error(`line ${this.line}: ${what}`);
  }

  /**
   * Passes what matches, and returns it; `null` if it does not match here.
   * @param {RegExp} pattern a sticky one
   */
  pass(pattern) {
    pattern.lastIndex = this.at;
    const [found] = pattern.exec(this.text) ?? [null];
    this.at += found?.length ?? 0;
    return found;
  }

  /** Passes blanks and comments, also between lines. */
  skip() {
    this.pass(/(?:\s|#[^\n]*)*/y);
  }

  endOfLine() {
    if (this.pass(/[ \t]*(?:#[^\n]*)?(?:\r?\n|$)/y) === null) this.fail("the line has more than a key and its value");
  }

  key() {
    const key = this.pass(KEY) ?? this.fail('a line is `key = value` or `[section]`');
    return key.split(".").map((part) => part.trim().replace(/^(["'])(.*)\1$/, "$2")).join(".");
  }

  /** @returns {string} */
  item() {
    if (this.text.startsWith('"""', this.at) || this.text.startsWith("'''", this.at)) {
      this.fail('a text has one line; write it as "text"');
    }
    const basic = this.pass(BASIC);
    if (basic) {
      const text = unescaped(basic);
      return text === null ? this.fail(`${basic} has an escape that is not known`) : text;
    }
    const literal = this.pass(LITERAL);
    if (literal) return literal.slice(1, -1);
    const bare = this.pass(BARE) ?? this.fail('a value is a number, true, false, "text" or a list, [1, 2]');
    const plain = bare.replaceAll("_", "").replace(/^\+/, "");
    return /^0[xob]/.test(plain) ? BigInt(plain).toString() : plain;
  }

  /** @returns {string | string[]} */
  value() {
    if (this.pass(/\[/y) === null) return this.item();
    const items = [];
    this.skip();
    while (this.pass(/\]/y) === null) {
      items.push(this.item());
      this.skip();
      if (this.pass(/,/y) === null && this.text[this.at] !== "]") this.fail("a list has commas between its items, and ends with `]`");
      this.skip();
    }
    return items;
  }
}

/**
 * Returns the keys and values of a file.
 * @param {string} text
 * @returns {Entry[]}
 */
export function read(text) {
  const reader = new Reader(text.replace(/^\ufeff/, ""));
  /** @type {Map<string, Entry>} */
  const entries = new Map();
  let section = "";
  for (reader.skip(); reader.at < reader.text.length; reader.skip()) {
    const { line } = reader;
    if (reader.pass(/\[[ \t]*/y) !== null) {
      section = `${reader.key()}.`;
      if (reader.pass(/[ \t]*\]/y) === null) reader.fail("a section ends with `]`");
    } else {
      const key = section + reader.key();
      if (reader.pass(/[ \t]*=[ \t]*/y) === null) reader.fail(`${key} has no value; write ${key} = value`);
      const before = entries.get(key);
      if (before) reader.fail(`${key} has a value in line ${before.line} already`);
      entries.set(key, { key, value: reader.value(), line });
    }
    reader.endOfLine();
  }
  return [...entries.values()];
}
