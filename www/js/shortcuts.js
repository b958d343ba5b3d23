// @ts-check
// What single keys do in the page.

import { byId } from "./dom.js";
import { REAL_TIME } from "./player.js";
import * as share from "./share.js";
import { FIRST } from "./shows.js";

/**
 * @param {import("./page.js").Page} page
 * @returns {Record<string, import("./keys.js").Act>}
 */
export const shortcuts = (page) => ({
  " ": () => page.player.toggle(),
  ArrowRight: (shift) => page.step(false, shift),
  ArrowLeft: (shift) => page.step(true, shift),
  Home: () => page.jump(0),
  End: () => page.jump(1),
  "[": () => page.pace(page.player.speed - 1),
  "]": () => page.pace(page.player.speed + 1),
  "\\": () => page.pace(REAL_TIME),
  r: () => {
    page.player.seek(0);
    page.player.play();
  },
  n: () => page.roll(),
  c: () => page.compare(),
  f: () => page.transport.fork.toggle(),
  d: () => {
    if (!byId("act-packet", HTMLElement).hidden) page.act("drop");
  },
  s: () => share.copyLink(),
  "/": () => {
    page.show("table");
    page.shows.list[FIRST].exhibit.table.filter.focus();
  },
  Escape: () => page.deselect(),
});
