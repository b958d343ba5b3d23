// @ts-check
// Saves a file for the reader.

/**
 * Returns the name of a file about a run.
 * @param {import("./wasm.js").Lab} lab
 * @param {number} which the exhibit's place in the lab
 * @param {string} ending
 * @param {string} [letter] of one of two runs
 */
export const nameOf = (lab, which, ending, letter = "") =>
  `retrylab-${letter && `${letter}-`}${lab.digest(which) || "part"}.${ending}`;

/**
 * @param {string} name
 * @param {BlobPart[]} parts
 * @param {string} type the media type
 */
export function save(name, parts, type) {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
