// @ts-check
// The export dialog's files: pictures of the ladder, and the packets.

import { byId, part, say } from "./dom.js";
import { announce } from "./live.js";
import { save } from "./save.js";
import { loadPackets, wordsOf } from "./wasm.js";
import * as whole from "./whole.js";

/** @typedef {import("./wasm.js").Lab} Lab */

/** Events of the network between two looks at the clock, and how long the page may be busy, in milliseconds. */
const [STEPS, SLICE] = [1000, 25];

/**
 * @param {object} hooks
 * @param {() => Lab} hooks.lab
 * @param {() => number} hooks.visible how far the first ladder is scrolled
 */
export function start({ lab, visible }) {
  const root = byId("export", HTMLDialogElement);
  const status = part(root, "status", HTMLElement);
  const press = (/** @type {string} */ name, /** @type {() => Promise<void> | void} */ act) => {
    const button = part(root, name, HTMLButtonElement);
    button.addEventListener("click", async () => {
      button.disabled = true;
      say(status, "");
      try {
        await act();
      } catch (error) {
        say(status, `The file could not be made: ${wordsOf(error)}.`);
      }
      button.disabled = false;
      button.focus();
    });
  };
  const name = (/** @type {string} */ ending) => `retrylab-${lab().digest(0) || "part"}.${ending}`;
  press("save-svg", () => save(name("svg"), [whole.svg(lab(), 0, visible())], "image/svg+xml"));
  press("save-png", async () => save(name("png"), [await whole.png(lab(), 0, visible())], "image/png"));
  press("save-packets", async () => {
    const progress = (/** @type {string} */ share) => say(status, `Loading what reads packets … ${share}`);
    const file = await capture(lab(), progress);
    save(name("pcapng"), [file], "application/x-pcapng");
    say(status, "");
    announce("The packets are saved.");
  });
  press("print", () => {
    root.close();
    print();
  });
}

/**
 * Simulates the first run again, and returns its packets. Only the module with TCP/IP stacks captures them.
 * @param {Lab} lab
 * @param {(share: string) => void} progress
 * @returns {Promise<BlobPart>}
 */
async function capture(lab, progress) {
  const [link, records] = [lab.fragment(0), lab.kept(0)];
  const module = /** @type {typeof import("../wasm/retrylab_packets.js")} */ (await loadPackets(progress));
  const run = new module.Capture(link, records);
  let until = performance.now() + SLICE;
  while (!run.advance(STEPS)) {
    if (performance.now() < until) continue;
    await new Promise((next) => setTimeout(next, 0));
    until = performance.now() + SLICE;
  }
  return /** @type {Uint8Array<ArrayBuffer>} */ (run.file());
}
