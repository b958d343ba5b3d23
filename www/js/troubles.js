// @ts-check
// Notices of troubles that the page cannot repair by itself.

import * as notices from "./notices.js";
import * as rest from "./rest.js";
import { wordsOf } from "./wasm.js";

/**
 * Says that the TCP/IP stacks could not be loaded, and offers to try again.
 * @param {unknown} error
 * @param {string} shown says which run is shown instead
 * @param {() => void} again
 */
export function lacksPackets(error, shown, again) {
  notices.show("packets", {
    title: "The TCP/IP stacks that this run needs could not be loaded.",
    lines: [
      `The browser says: ${wordsOf(error)}.`,
      `${shown} The command-line program, \`retrylab sim\`, has the stacks too.`,
    ],
    bad: true,
    buttons: [["Try again", again]],
  });
}

/**
 * Says that the rest of the program could not be loaded. The call that needed it has failed half-way, so the page stops.
 * @param {unknown} error
 */
export function lacksPart(error) {
  notices.show("broken", {
    title: "A part of the page could not be loaded.",
    lines: [
      `The browser says: ${wordsOf(error)}.`,
      "The page cannot continue without it. Load it again when the server can be reached; the run stays in the address.",
    ],
    bad: true,
    buttons: [["Load again", () => location.reload()]],
  });
}

/**
 * Says that the page has stopped because of a bug.
 * @param {unknown} error
 */
export function stopped(error) {
  if (rest.isMissing()) return;
  notices.show("broken", {
    title: "The page has stopped because of a bug.",
    lines: [wordsOf(error), `The run was ${location.href}`],
    bad: true,
    buttons: [["Load again", () => location.reload()]],
  });
}

/**
 * Says what of the address could not be read, if anything.
 * @param {string[]} errors
 */
export function unread(errors) {
  if (errors.length === 0) {
    notices.hide("link");
    return;
  }
  const title = errors.length === 1
    ? "One part of the address could not be read; the rest is shown."
    : `${errors.length} parts of the address could not be read; the rest is shown.`;
  const close = () => notices.hide("link");
  notices.show("link", { title, lines: errors, bad: true, buttons: [["Close", close]] });
}
