// @ts-check
// Runs each link with a module that can: the one of a first visit or, once a link has needed it, the one with TCP/IP stacks.

import { announce } from "./live.js";
import * as notices from "./notices.js";
import { lacksPackets } from "./troubles.js";
import { loadPackets } from "./wasm.js";

/** @typedef {import("./wasm.js").Module} Module */

/**
 * @typedef {object} Hooks
 * @property {(act: () => void) => void} guard does something, and reports if it fails
 * @property {(module: Module) => void} adopt continues with another module
 * @property {() => void} keep the last run stays for now
 * @property {(link: string) => void} open opens a link
 * @property {() => boolean} isBroken whether the page has stopped
 */

export class Modules {
  /**
   * @param {Module} module
   * @param {Hooks} hooks
   */
  constructor(module, hooks) {
    this.now = module;
    this.hooks = hooks;
    /** The link that waits for another module. */
    this.wanted = "";
  }

  /**
   * Does something with a link that the module can run; loads the other module first, if the link needs it.
   * @param {string} link
   * @param {() => void} act
   */
  run(link, act) {
    notices.hide("packets");
    if (!this.now.Lab.runs(link)) {
      void this.load(link, act);
      return;
    }
    this.wanted = "";
    this.hooks.guard(act);
  }

  /**
   * Loads the module with TCP/IP stacks for a link. Until then, the last run stays.
   * @param {string} link
   * @param {() => void} act
   */
  async load(link, act) {
    this.wanted = link;
    this.hooks.keep();
    const title = "Loading the TCP/IP stacks …";
    notices.show("packets", { title });
    announce(title);
    let module;
    try {
      module = await loadPackets((share) => notices.retitle("packets", `${title} ${share}`));
    } catch (error) {
      if (this.wanted === link) lacksPackets(error, "The last run stays.", () => this.hooks.open(link));
      return;
    }
    // The reader may have gone elsewhere meanwhile.
    if (this.wanted !== link || this.hooks.isBroken()) return;
    const loaded = module;
    this.hooks.guard(() => {
      this.now = loaded;
      this.hooks.adopt(loaded);
      this.run(link, act);
    });
  }
}
