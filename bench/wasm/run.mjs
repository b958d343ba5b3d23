// The simulated network in wasm as a benchmark: `node run.mjs MODULE.wasm CLIENTS EXCHANGES`.
//
// Some work is done first without measuring it: the engine compiles a module twice, quickly at the start and
// with optimisations after it has run for a moment.
import { readFile } from "node:fs/promises";

const [module, clients, exchanges] = process.argv.slice(2);
const { instance } = await WebAssembly.instantiate(await readFile(module), {});
const { work: run, differing } = instance.exports;
if (differing() > 0) throw new Error(`${differing()} digests of networks of packets differ from the native ones`);
const work = (clients, exchanges) => {
  const begun = performance.now();
  const digest = BigInt.asUintN(64, run(clients, exchanges));
  return { digest, seconds: (performance.now() - begun) / 1e3 };
};
for (let seconds = 0; seconds < 0.5; ) {
  seconds += work(100, 100).seconds;
}
const { digest, seconds } = work(Number(clients), Number(exchanges));
const total = Number(clients) * Number(exchanges);
console.log(
  JSON.stringify({
    exchanges: total,
    wall_seconds: seconds,
    exchanges_per_second: Math.round(total / seconds),
    digest: digest.toString(16).padStart(16, "0"),
  }),
);
