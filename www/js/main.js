// @ts-check
// Loads the module that the link needs, and starts the page.

import * as address from "./address.js";
import { byId, pause, say } from "./dom.js";
import * as keys from "./keys.js";
import * as notices from "./notices.js";
import { Page } from "./page.js";
import * as palette from "./palette.js";
import * as teachers from "./teachers.js";
import * as theme from "./theme.js";
import { lacksPackets, lacksPart, stopped } from "./troubles.js";
import { load, loadPackets, wordsOf } from "./wasm.js";

/** @typedef {import("./wasm.js").Module} Module */

/**
 * Starts the page, in several tasks: the browser stays responsive.
 * @param {Module} module
 * @param {string} link a link that the module can run
 */
async function show(module, link) {
  await pause();
  const page = new Page(module, link);
  for (const _ of page.start()) await pause();
  teachers.start(page);
  palette.start(page);
  return page;
}

/**
 * Shows the link, with the module that it needs; without that one, shows another run and says why.
 * @param {Module} small
 */
async function boot(small) {
  const link = address.read();
  if (small.Lab.runs(link)) {
    await show(small, link);
    return;
  }
  const still = byId("still-text", HTMLElement);
  const title = "Loading the simulated network with its TCP/IP stacks …";
  let module;
  try {
    module = await loadPackets((share) => say(still, `${title} ${share}`));
  } catch (error) {
    const page = await show(small, "");
    lacksPackets(error, "The run shown is a different one.", () => page.open(link));
    return;
  }
  await show(module, link);
}

/**
 * Says that the page's module could not be loaded.
 * @param {unknown} error
 */
function lacksWasm(error) {
  theme.start(() => {});
  keys.start({});
  say(byId("still-text", HTMLElement), "The simulated network could not be loaded.");
  notices.show("broken", {
    title: "This page needs WebAssembly, but could not start it.",
    lines: [
      `The browser says: ${wordsOf(error)}.`,
      `You can also run this address, ${location.href}, on the command line: retrylab sim.`,
    ],
    bad: true,
    buttons: [["Load again", () => location.reload()]],
  });
}

/** @type {Module | undefined} */
let small;
try {
  small = await load(lacksPart);
} catch (error) {
  lacksWasm(error);
}
if (small) {
  try {
    await boot(small);
  } catch (error) {
    say(byId("still-text", HTMLElement), "");
    stopped(error);
  }
}
