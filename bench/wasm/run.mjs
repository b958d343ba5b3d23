// The simulated network in wasm as a benchmark: `node run.mjs MODULE.wasm CLIENTS EXCHANGES [WORKERS]`. With WORKERS, that
// many threads simulate the clients, a chunk at a time, as the page's web workers do.
//
// Some work is done first without measuring it: the engine compiles a module twice, quickly at the start and
// with optimisations after it has run for a moment.
import { readFile } from "node:fs/promises";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

/** Number of chunks per worker. */
const CHUNKS = 16;

/** Runs `work` for a while. */
function warmUp(work) {
  const begun = performance.now();
  while (performance.now() - begun < 500) work(100, 100);
}

/** Simulates the chunks that the main thread sends. */
async function worker() {
  const { exports } = await WebAssembly.instantiate(workerData, {});
  warmUp(exports.work);
  parentPort.on("message", (chunk) => parentPort.postMessage(exports.part(...chunk)));
  parentPort.postMessage(0n);
}

/** Shares the clients among workers; returns the digest of the run and how long it took. */
async function share(compiled, clients, exchanges, count) {
  const workers = Array.from({ length: count }, () => new Worker(new URL(import.meta.url), { workerData: compiled }));
  await Promise.all(workers.map((worker) => new Promise((ready) => worker.once("message", ready))));
  const size = Math.ceil(clients / (CHUNKS * count));
  const begun = performance.now();
  let [next, digest] = [1, 0n];
  await Promise.all(workers.map((worker) => new Promise((done) => {
    const give = () => {
      if (next > clients) return done();
      const last = Math.min(next + size - 1, clients);
      worker.postMessage([next, last, exchanges]);
      next = last + 1;
    };
    worker.on("message", (part) => {
      digest += part;
      give();
    });
    give();
  })));
  const seconds = (performance.now() - begun) / 1e3;
  for (const worker of workers) worker.terminate();
  return { digest, seconds };
}

/** Simulates all clients on this thread. */
async function alone(compiled, clients, exchanges) {
  const { work, differing } = (await WebAssembly.instantiate(compiled, {})).exports;
  if (differing() > 0) throw new Error(`${differing()} digests of networks of packets differ from the native ones`);
  warmUp(work);
  const begun = performance.now();
  const digest = work(clients, exchanges);
  return { digest, seconds: (performance.now() - begun) / 1e3 };
}

if (isMainThread) {
  const [clients, exchanges, count] = process.argv.slice(3).map(Number);
  const compiled = await WebAssembly.compile(await readFile(process.argv[2]));
  const { digest, seconds } = await (count ? share(compiled, clients, exchanges, count) : alone(compiled, clients, exchanges));
  const total = clients * exchanges;
  console.log(
    JSON.stringify({
      exchanges: total,
      wall_seconds: seconds,
      exchanges_per_second: Math.round(total / seconds),
      digest: BigInt.asUintN(64, digest).toString(16).padStart(16, "0"),
    }),
  );
} else {
  await worker();
}
