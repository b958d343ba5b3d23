// @ts-check
// The exhibits in order: the pinned one, A, comes first; in charts, it is dashed.

/** @param {import("./wasm.js").Lab} lab */
export function sides(lab) {
  if (lab.exhibits() < 2) return [{ which: 0, letter: "", name: "", dashed: false }];
  return [{ which: 1, letter: "A", name: "A: ", dashed: true }, { which: 0, letter: "B", name: "B: ", dashed: false }];
}
