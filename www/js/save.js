// @ts-check
// Saves a file for the reader.

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
