// @ts-check
// The exhibits as the charts show them: the pinned one, A, comes first and is dashed.

/** @param {import("./wasm.js").Lab} lab */
export function sides(lab) {
  if (lab.exhibits() < 2) return [{ which: 0, name: "", dashed: false }];
  return [{ which: 1, name: "A: ", dashed: true }, { which: 0, name: "B: ", dashed: false }];
}
