// @ts-check
// An exercise: its question, a form for the answer, and the solution in steps.

import { make, say } from "./dom.js";
import { announce } from "./live.js";
import { copy } from "./share.js";
import { latest } from "./words.js";

/** @typedef {import("./exhibit.js").Desk} Desk */

/**
 * What `Lab.exercise` returns.
 * @typedef {object} Task
 * @property {string} name
 * @property {string} question
 * @property {"time" | "number" | "choice"} form
 * @property {string[]} options of a choice
 * @property {string} next the link to another one
 * @property {boolean} open whether the solution is hidden; if so, it has none of what follows
 * @property {boolean} solved
 * @property {string} answer the right one
 * @property {string} why
 * @property {string} code of the result
 * @property {string} check the command that verifies the code
 * @property {{ record: number, at: string, text: string }[]} steps records that show why
 */

/** What an empty field shows. */
const EXAMPLES = { time: "700 ms", number: "3", choice: "" };

export class Exercise {
  /**
   * @param {HTMLElement} root
   * @param {Desk} desk
   * @param {object} hooks
   * @param {(link: string) => void} hooks.open opens a link
   * @param {() => void} hooks.solved the whole run begins, which is the solution
   * @param {() => void} hooks.picked a step was chosen
   */
  constructor(root, desk, hooks) {
    this.root = root;
    this.desk = desk;
    this.hooks = hooks;
    /** What is shown: the exercise, and whether it is open. */
    this.shown = "";
  }

  /** Shows what the first exhibit asks; returns whether it asks anything. */
  show() {
    const { lab } = this.desk;
    const text = lab.exercise();
    /** @type {Task | null} */
    const task = text ? JSON.parse(text) : null;
    this.root.hidden = !task;
    document.body.classList.toggle("asks", Boolean(task));
    document.body.classList.toggle("hides", lab.hides(0));
    const shown = task ? `${task.name} ${task.open}` : "";
    if (shown !== this.shown) {
      this.shown = shown;
      this.root.replaceChildren(...(task ? [task.open ? this.form(task) : this.solution(task)] : []));
    }
    return task !== null;
  }

  /**
   * The question with a form.
   * @param {Task} task
   */
  form(task) {
    const { name, question, form, options } = task;
    const choices = options.map((option, place) =>
      make("label", { class: "check" }, make("input", { type: "radio", name, value: place + 1 }), make("span", {}, option)));
    const field = { type: "text", name, placeholder: `for example ${EXAMPLES[form]}`, autocomplete: "off" };
    const asked = form === "choice"
      ? make("fieldset", {}, make("legend", {}, question), ...choices)
      : make("label", {}, make("span", {}, question), " ", make("input", field));
    const verdict = make("p", { class: "verdict" });
    const solution = this.button("Show the solution", () => {
      this.desk.lab.showSolution();
      this.reveal();
    });
    const ways = make("p", { class: "ways-on" },
      make("button", { type: "submit", class: "primary" }, "Check"), solution, this.another(task), verdict);
    const element = make("form", { class: form, autocomplete: "off" }, asked, ways);
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      const verdictText = this.check(String(new FormData(element).get(name) ?? ""));
      say(verdict, verdictText);
      if (verdictText) announce(verdictText);
    });
    return element;
  }

  /**
   * Checks an answer; returns what is wrong with it, or nothing after it was right.
   * @param {string} answer
   */
  check(answer) {
    try {
      if (!this.desk.lab.answer(answer)) return "That is not right. Try again.";
    } catch (error) {
      // The lab refuses what is not an answer with a sentence. Anything else is a bug.
      if (typeof error === "string") return error;
      throw error;
    }
    this.reveal();
    return "";
  }

  /** Shows the solution in place of the form. */
  reveal() {
    this.hooks.solved();
    const verdict = this.root.querySelector(".verdict");
    if (verdict instanceof HTMLElement) verdict.focus();
  }

  /**
   * The solution: the answer, why, the records that show it, and the code of the result.
   * @param {Task} task
   */
  solution(task) {
    const { solved, answer, why, steps, code, check } = task;
    const verdict = make("p", { class: "verdict", tabindex: -1 },
      make("strong", {}, solved ? `Right: ${answer}. ` : `The answer: ${answer}. `), why);
    const records = steps.map(({ record, at, text }) =>
      make("li", {}, this.button(`${at} s: ${text}`, () => {
        this.desk.lab.goTo(record);
        this.hooks.picked();
        announce(latest(this.desk.lab, 0));
      })));
    const copying = this.button("Copy the code", () => void copy(code, copying));
    const ways = make("p", { class: "ways-on" }, this.another(task), copying,
      make("span", {}, "Your result: ", make("code", {}, code), ". A teacher can check it: ", make("code", {}, check)));
    const list = make("div", { class: "shows" },
      make("p", { class: "quiet" }, "These events show why. Choose one to go to it; Play shows the whole run."), make("ol", {}, ...records));
    return make("div", { class: "solution" }, verdict, list, ways);
  }

  /** @param {Task} task */
  another(task) {
    return this.button("Another exercise", () => this.hooks.open(task.next));
  }

  /**
   * @param {string} label
   * @param {() => void} act
   */
  button(label, act) {
    const button = make("button", { type: "button" }, label);
    button.addEventListener("click", act);
    return button;
  }
}
