// @ts-check
// The export dialog's files: pictures of the ladder, and the packets.

import { byId, part, say } from "./dom.js";
import { announce } from "./live.js";
import { nameOf, save } from "./save.js";
import { sides } from "./sides.js";
import { loadPackets, wordsOf } from "./wasm.js";
import * as whole from "./whole.js";

/** @typedef {import("./wasm.js").Lab} Lab */

/** Events of the network between two looks at the clock, and how long the page may be busy, in milliseconds. */
const [STEPS, SLICE] = [1000, 25];

/**
 * @param {object} hooks
 * @param {() => Lab} hooks.lab
 * @param {(which: number) => { top: number, title: string }} hooks.shown how far a ladder is scrolled, and its name
 */
export function start({ lab, shown }) {
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
  const columns = () => sides(lab()).map(({ which }) => ({ which, top: shown(which).top, title: shown(which).title }));
  press("save-svg", () => save(nameOf(lab(), 0, "svg"), [whole.svg(lab(), columns())], "image/svg+xml"));
  press("save-png", async () => save(nameOf(lab(), 0, "png"), [await whole.png(lab(), columns())], "image/png"));
  press("save-packets", async () => {
    const progress = (/** @type {string} */ share) => say(status, `Loading what reads packets … ${share}`);
    for (const { which, letter } of sides(lab())) {
      save(nameOf(lab(), which, "pcapng", letter), [await capture(lab(), which, progress)], "application/x-pcapng");
    }
    say(status, "");
    announce("The packets are saved.");
  });
  press("print", () => {
    root.close();
    print();
  });
}

/**
 * Simulates a run again, and returns its packets. Only the module with TCP/IP stacks captures them.
 * @param {Lab} lab
 * @param {number} which the exhibit's place in the lab
 * @param {(share: string) => void} progress
 * @returns {Promise<BlobPart>}
 */
async function capture(lab, which, progress) {
  const [link, records] = [lab.fragment(which), lab.kept(which)];
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
