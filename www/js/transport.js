// @ts-check
// The transport: buttons, the scrubber over the strip of the whole run, the clock and the speed.

import { byId, part, say } from "./dom.js";
import { Fork } from "./fork.js";
import { SPEEDS, USUAL } from "./player.js";

/** @typedef {import("./exhibit.js").Desk} Desk */

export class Transport {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {object} hooks
   * @param {() => void} hooks.toggle plays or pauses
   * @param {(back: boolean) => void} hooks.step
   * @param {(share: number) => void} hooks.jump goes to a share of the whole
   * @param {(share: number) => void} hooks.seek the same while the scrubber is dragged
   * @param {() => void} hooks.settled the scrubber is left where it is
   * @param {(place: number) => void} hooks.pace chooses a speed
   * @param {(link: string) => void} hooks.go continues with another scenario
   */
  constructor(root, desk, hooks) {
    this.desk = desk;
    this.scrub = byId("scrub", HTMLInputElement);
    this.clock = byId("clock", HTMLElement);
    this.speed = byId("speed", HTMLSelectElement);
    this.unseen = part(root, "unseen", HTMLElement);
    this.fork = new Fork(root, desk, hooks.go);
    const press = (/** @type {string} */ id, /** @type {() => void} */ act) =>
      byId(id, HTMLButtonElement).addEventListener("click", act);
    press("play", hooks.toggle);
    // A keyboard comes here past all that is below the stage, which may be out of sight by then.
    const play = byId("play", HTMLButtonElement);
    play.addEventListener("focus", () => play.matches(":focus-visible") && document.querySelector(".stage")?.scrollIntoView({ block: "nearest" }));
    press("step-next", () => hooks.step(false));
    press("step-back", () => hooks.step(true));
    press("to-start", () => hooks.jump(0));
    press("to-end", () => hooks.jump(1));
    this.scrub.addEventListener("input", () => hooks.seek(this.scrub.valueAsNumber));
    this.scrub.addEventListener("change", hooks.settled);
    this.speed.append(...SPEEDS.map(({ name }, place) => new Option(name, String(place), place === USUAL, place === USUAL)));
    this.speed.addEventListener("change", () => hooks.pace(Number(this.speed.value)));
  }

  /**
   * Shows a new position of the playhead.
   * @param {string} clock
   */
  moved(clock) {
    const { lab } = this.desk;
    const share = lab.share();
    if (this.scrub.valueAsNumber !== share) this.scrub.value = String(share);
    this.unseen.style.left = `${lab.seen() * 100}%`;
    say(this.clock, clock);
    this.fork.moved();
  }

  /** Updates what changes only while the playhead does not move; returns the time in words. */
  still() {
    const { lab } = this.desk;
    // When a run ends is part of its outcome.
    const whole = lab.seen() === 1;
    const time = `${lab.clock(false)}${whole ? ` of ${lab.endClock()}` : ""} seconds`;
    this.scrub.setAttribute("aria-valuetext", time);
    say(byId("clock-end", HTMLElement), whole ? ` / ${lab.endClock()} s` : " s");
    return time;
  }

  /**
   * Playing began or stopped.
   * @param {boolean} playing
   */
  changed(playing) {
    const { lab } = this.desk;
    // An exercise opens at the end of what it shows, which nobody has played.
    const again = !playing && lab.atEnd() && !lab.hides(0);
    say(byId("play-text", HTMLElement), playing ? "Pause" : again ? "Again" : "Play");
    const shape = playing ? "i-pause" : again ? "i-again" : "i-play";
    byId("play-icon", SVGUseElement).setAttribute("href", `#${shape}`);
  }

  /**
   * Shows a speed that was chosen by a key.
   * @param {number} place in SPEEDS
   */
  pace(place) {
    this.speed.value = String(place);
  }
}
