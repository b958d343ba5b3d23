// @ts-check
// The page in a frame of another one (`?embed`): the run without the controls, and a link to the whole page.

import * as address from "./address.js";
import { make } from "./dom.js";

/** Hides the controls, if the page is in a frame. */
export function start() {
  if (!address.isEmbedded) return;
  document.body.dataset.embed = "";
  const link = make("a", { target: "_blank", rel: "noopener" }, "Open in retrylab");
  const aim = () => {
    link.href = address.outside();
  };
  // The address changes with every step: the link gets it when it is needed.
  for (const event of ["pointerenter", "focus", "click"]) link.addEventListener(event, aim);
  aim();
  document.querySelector(".views")?.append(make("p", { class: "outside" }, link));
}
