// @ts-check
// Acts by hand: buttons for what the reader can do to the selected packet, to the server and to the link.

import { byId, say } from "./dom.js";

/** @typedef {import("./exhibit.js").Desk} Desk */

/**
 * Says what was done to the selected packet.
 * @param {string} act as in a link
 */
function done(act) {
  const [verb, by] = [act.split(" ", 1)[0], act.match(/ by ([\d.]+) ?(\S+)$/)];
  const what = verb === "drop" ? "dropped" : verb === "duplicate" ? "duplicated" : `delayed${by ? ` by ${by[1]} ${by[2]}` : ""}`;
  return `By hand: this packet is ${what}.`;
}

export class Acts {
  /**
   * @param {Desk} desk
   * @param {(act: string) => void} act does it
   */
  constructor(desk, act) {
    this.desk = desk;
    this.server = byId("act-server", HTMLButtonElement);
    this.link = byId("act-link", HTMLButtonElement);
    this.packet = byId("act-packet", HTMLElement);
    this.done = byId("act-done", HTMLElement);
    for (const button of document.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => act(button.getAttribute("data-act") ?? ""));
    }
  }

  /** Shows what can be done at the playhead's time. */
  show() {
    /** @type {{ packet: string, void: boolean, server: boolean, link: boolean, all: boolean }} */
    const { packet, void: isVoid, server, link, all } = JSON.parse(this.desk.lab.acts());
    // Of two runs, what is done by hand changes B.
    const owner = this.desk.lab.exhibits() > 1 ? "B's" : "the";
    this.server.dataset.act = server ? "crash" : "restart";
    say(this.server, `${server ? "Crash" : "Restart"} ${owner} ${all ? "servers" : "server"}`);
    this.link.dataset.act = link ? "cut" : "mend";
    say(this.link, `${link ? "Cut" : "Mend"} ${owner} link`);
    this.packet.hidden = packet === "";
    const isDone = packet !== "" && packet !== "none";
    const effect = isVoid ? " It had no effect: the link lost the packet." : "";
    say(this.done, isDone ? `${done(packet)}${effect}` : "");
    for (const button of this.packet.querySelectorAll("button")) {
      const leaves = button.dataset.act === "leave";
      button.hidden = leaves ? !isDone : packet.startsWith(button.dataset.act ?? "");
    }
  }
}
