// @ts-check
// What the run is: the menu, and the texts of a lesson with its ways on.

import { byId, make, part, say } from "./dom.js";
import { Exercise } from "./exercise.js";
import { announce } from "./live.js";
import { about } from "./words.js";

/** @typedef {import("./exhibit.js").Desk} Desk */
/** @typedef {{ title: string, fragment: string, current: boolean }} Entry */

/**
 * A lesson, as `Lab.courseLesson` describes it.
 * @typedef {object} Lesson
 * @property {number} number
 * @property {number} of
 * @property {string} title
 * @property {string} act
 * @property {string} key
 * @property {string} value
 * @property {string} next
 * @property {string} nextTitle
 */

export class Course {
  /**
   * @param {Desk} desk
   * @param {object} hooks
   * @param {(link: string) => void} hooks.open opens a link
   * @param {(key: string, value: string) => void} hooks.change changes a setting and plays
   * @param {() => void} hooks.solved an exercise is solved: the whole run begins
   * @param {() => void} hooks.picked something was selected
   */
  constructor(desk, hooks) {
    this.desk = desk;
    this.menu = byId("lesson", HTMLSelectElement);
    this.title = byId("title", HTMLElement);
    this.exercise = new Exercise(part(document.body, "exercise", HTMLElement), desk, hooks);
    this.number = byId("lesson-number", HTMLElement);
    this.sentence = byId("sentence", HTMLElement);
    this.task = byId("task", HTMLElement);
    this.guidance = byId("task-text", HTMLElement);
    /** Whether the end of the run was seen. */
    this.endSeen = false;
    addEventListener("resize", () => (this.task.style.minHeight = ""));
    this.buttons = {
      act: byId("lesson-try", HTMLButtonElement),
      back: byId("lesson-back", HTMLButtonElement),
      next: byId("lesson-next", HTMLButtonElement),
    };
    /**
     * The lesson that was opened last, with its link, even if its settings were changed since.
     * @type {(Lesson & { link: string }) | null}
     */
    this.lesson = null;
    this.menu.addEventListener("change", () => hooks.open(this.menu.value));
    for (const event of ["pointerenter", "focus"]) this.menu.addEventListener(event, () => this.ask());
    this.buttons.act.addEventListener("click", () => {
      if (this.lesson) hooks.change(this.lesson.key, this.lesson.value);
    });
    this.buttons.back.addEventListener("click", () => {
      if (this.lesson) hooks.open(this.lesson.link);
    });
    this.buttons.next.addEventListener("click", () => {
      if (this.lesson) hooks.open(this.lesson.next);
    });
  }

  /**
   * Shows what the first exhibit is.
   * @param {boolean} opened a link was opened, rather than a setting changed
   */
  show(opened) {
    const { lab } = this.desk;
    const place = lab.coursePlace();
    if (place !== undefined) {
      const text = this.texts.courseLesson(place);
      this.lesson = text ? { ...JSON.parse(text), link: lab.fragment(0) } : null;
    } else if (opened) {
      this.lesson = null;
    }
    const { lesson } = this;
    const changed = place === undefined;
    const title = lesson && changed ? `${lesson.title}, changed` : lab.title(0);
    const sentence = about(lab, lab.sentence(0));
    if (opened && title !== this.title.textContent) announce(`${title}. ${sentence}`);
    say(this.title, title);
    say(this.number, lesson ? `Lesson ${lesson.number} of ${lesson.of}` : "");
    say(this.sentence, sentence);
    this.buttons.act.hidden = !lesson || changed;
    this.buttons.back.hidden = !lesson || !changed;
    this.buttons.next.hidden = !lesson?.next;
    say(this.buttons.next, lesson ? `Next: ${lesson.nextTitle}` : "");
    this.task.hidden = this.exercise.show();
    this.task.style.minHeight = "";
    if (opened) this.endSeen = false;
    this.guide();
    this.list();
  }

  /** Says what to do next. */
  guide() {
    const { desk: { lab }, lesson, buttons } = this;
    // Until the run is there, nothing is known about its end.
    const seen = lab.end() > 0 ? lab.seen() === 1 : this.endSeen;
    // The text becomes shorter, and nothing below it moves.
    if (seen && !this.endSeen) this.task.style.minHeight = `${this.task.getBoundingClientRect().height}px`;
    this.endSeen = seen;
    if (lab.exhibits() > 1) {
      say(this.guidance, `${seen ? "Change" : "Press Play, or change"} a setting of B: A stays as it is. Press Compare again to end the comparison.`);
    } else if (!lesson) {
      const compare = "To compare the runs before and after, press Compare first.";
      say(this.guidance, `${seen ? "Change" : "Press Play, or change"} a setting. ${compare}`);
    } else if (buttons.back.hidden) {
      say(this.guidance, `${seen ? "Now" : "Press Play, then"} ${lesson.act}`);
    } else {
      const on = lesson.next ? ", go back to the lesson, or go on to the next one." : ", or go back to the lesson.";
      say(this.guidance, `Try other settings${on}`);
    }
  }

  /** The texts of all lessons. */
  get texts() {
    return /** @type {typeof import("../wasm/retrylab_web.js").Lab} */ (this.desk.lab.constructor);
  }

  /** Adds the questions to the menu. A first visit does without them. */
  ask() {
    const questions = this.texts.questions();
    // A run that is not in the menu comes first, without a question.
    const options = [...this.menu.options].slice(-questions.length);
    options.forEach((option, place) => (option.title = questions[place]));
  }

  /** Fills the menu. */
  list() {
    const { lab } = this.desk;
    /** @type {{ name: string, entries: Entry[] }[]} */
    const groups = JSON.parse(lab.menu());
    const options = groups.map(({ name, entries }) => {
      const inside = entries.map(({ title, fragment, current }) => new Option(title, fragment, false, current));
      return make("optgroup", { label: name }, ...inside);
    });
    const known = groups.some(({ entries }) => entries.some((entry) => entry.current));
    const own = known ? [] : [new Option(lab.title(0), lab.fragment(0), true, true)];
    this.menu.replaceChildren(...own, ...options);
  }
}
