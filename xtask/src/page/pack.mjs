// Compresses files: pack.mjs FROM TO FILE…
// It writes TO/FILE.br and TO/FILE.gz, unless they have the same content already, and removes what else is in TO, except
// for the .gitignore there.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants, gunzip, gzip } from "node:zlib";

const { BROTLI_PARAM_LGBLOCK, BROTLI_PARAM_MODE, BROTLI_MODE_FONT, BROTLI_PARAM_NDIRECT, BROTLI_PARAM_NPOSTFIX, BROTLI_PARAM_SIZE_HINT } = constants;

/** Settings of brotli, of which none is the best one for every file. */
const BROTLI = [
  { [BROTLI_PARAM_LGBLOCK]: 16, [BROTLI_PARAM_NPOSTFIX]: 1, [BROTLI_PARAM_NDIRECT]: 30 },
  { [BROTLI_PARAM_LGBLOCK]: 16, [BROTLI_PARAM_MODE]: BROTLI_MODE_FONT },
  { [BROTLI_PARAM_LGBLOCK]: 18, [BROTLI_PARAM_NDIRECT]: 15 },
];

const FORMATS = [
  { ending: ".br", pack: promisify(brotliCompress), unpack: promisify(brotliDecompress), options: brotli },
  { ending: ".gz", pack: promisify(gzip), unpack: promisify(gunzip), options: () => [{ level: 9 }] },
];

/** Above this size, a file that few visitors load, only the first setting is tried: each takes seconds. */
const LARGE = 500_000;

function brotli(size) {
  const tried = size > LARGE ? BROTLI.slice(0, 1) : BROTLI;
  return tried.map((setting) => ({ params: { [BROTLI_PARAM_SIZE_HINT]: size, ...setting } }));
}

/** Returns the shortest. */
function shortest(all) {
  return all.reduce((one, other) => other.length < one.length ? other : one);
}

const [from, to, ...files] = process.argv.slice(2);
const written = new Set([".gitignore"]);
await Promise.all(files.map(async (file) => {
  const content = await readFile(join(from, file));
  await mkdir(dirname(join(to, file)), { recursive: true });
  await Promise.all(FORMATS.map(async ({ ending, pack, unpack, options }) => {
    written.add(file + ending);
    const path = join(to, file + ending);
    const old = await readFile(path).then(unpack).catch(() => null);
    if (old?.equals(content)) return;
    await writeFile(path, shortest(await Promise.all(options(content.length).map((setting) => pack(content, setting)))));
  }));
}));

for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (entry.isFile() && !written.has(relative(to, path))) await rm(path);
}
