// @ts-check
// What single keys do in the page. The command palette has the same.

import { byId } from "./dom.js";
import { announce } from "./live.js";
import { REAL_TIME } from "./player.js";
import * as share from "./share.js";
import { FIRST } from "./shows.js";

/**
 * A command with its key, as an event names it and as people do.
 * @typedef {{ key: string, shown: string, name: string, act: import("./keys.js").Act }} Command
 */

/**
 * @param {import("./page.js").Page} page
 * @returns {Command[]}
 */
export const commands = (page) => [
  { key: " ", shown: "Space", name: "Play or pause", act: () => byId("play", HTMLButtonElement).click() },
  { key: "ArrowRight", shown: "→ Right", name: "Next event", act: (shift) => page.step(false, shift) },
  { key: "ArrowLeft", shown: "← Left", name: "Previous event", act: (shift) => page.step(true, shift) },
  { key: "Home", shown: "Home", name: "Go to the start", act: () => page.jump(0) },
  { key: "End", shown: "End", name: "Go to the end", act: () => page.jump(1) },
  { key: "[", shown: "[", name: "Slower", act: () => page.pace(page.player.speed - 1) },
  { key: "]", shown: "]", name: "Faster", act: () => page.pace(page.player.speed + 1) },
  { key: "\\", shown: "\\", name: "Real time", act: () => page.pace(REAL_TIME) },
  {
    key: "r", shown: "R", name: "Play again from the start", act: () => {
      page.player.seek(0);
      page.play();
    },
  },
  { key: "n", shown: "N", name: "Repeat the run with a new seed", act: () => page.roll() },
  { key: "c", shown: "C", name: "Pin this run and compare it, or stop comparing", act: () => page.compare() },
  {
    key: "f", shown: "F", name: "Let the last change hold from this moment on only, or in the whole run", act: () => {
      if (!page.transport.fork.toggle()) announce("No setting was changed at this moment.");
    },
  },
  {
    key: "d", shown: "D", name: "Drop the selected packet", act: () => {
      if (byId("act-packet", HTMLElement).hidden) announce("Select a packet first.");
      else page.act("drop");
    },
  },
  { key: "s", shown: "S", name: "Copy the address of this run", act: () => share.copyLink() },
  {
    key: "/", shown: "/", name: "Filter the events", act: () => {
      page.show("table");
      page.shows.list[FIRST].exhibit.table.filter.focus();
    },
  },
  { key: "Escape", shown: "Esc", name: "Clear the selection", act: () => page.deselect() },
];

/**
 * @param {import("./page.js").Page} page
 * @returns {Record<string, import("./keys.js").Act>}
 */
export const shortcuts = (page) => Object.fromEntries(commands(page).map(({ key, act }) => [key, act]));
