// @ts-check
// For teachers: what takes runs to paper, to files and to frames of other pages, and what opens files.

import * as embed from "./embed.js";
import * as exports from "./export.js";
import * as imports from "./import.js";
import * as log from "./log.js";
import * as paper from "./print.js";

/** @param {import("./page.js").Page} page */
export function start(page) {
  const [lab, module] = [() => page.lab, () => page.module];
  exports.start({ lab, shown: (which) => page.shows.list[which].exhibit });
  paper.start({ lab, module, painted: () => page.view.renew() });
  imports.start({
    module,
    open: (link) => page.open(link),
    compare: (lines) => log.compare(page, lines),
  });
  embed.start();
}
