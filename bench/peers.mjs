// node peers.mjs DIR GABLE_SERVE ROUNDS MODEL[:BATCH]...
// ONNX Runtime and Gable alternately, with the same threads, model, weights and images, as bench/export.py left them in
// DIR. A round is one burst of each side and a probe of the machine's peak; what counts of a burst is its fastest pass. A
// round in which other programs took more than 4 % of the processors (FOREIGN_MOST) is thrown away and repeated.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import readline from 'node:readline';
import ort from 'onnxruntime-node';

const [dir, program, rounds, ...models] = process.argv.slice(2);
const THREADS = Math.min(2, os.availableParallelism());
const PIXELS = 3 * 224 * 224, FOREIGN_MOST = Number(process.env.FOREIGN_MOST ?? 0.04);

const median = (a) => {
  const s = [...a].sort((x, y) => x - y), half = s.length >> 1;
  return s.length % 2 ? s[half] : (s[half - 1] + s[half]) / 2;
};
const geometricMean = (a) => Math.exp(a.reduce((sum, x) => sum + Math.log(x), 0) / a.length);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const digits = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));
const floats = (file) => {
  const bytes = fs.readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};

// Gable: a child that answers line by line.
const child = spawn(program, [dir, String(THREADS)], { stdio: ['pipe', 'pipe', 'inherit'] });
const answers = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
async function ask(question) {
  child.stdin.write(`${question}\n`);
  const line = await answers.next();
  if (line.done) throw Error(`gable_serve ended at '${question}'`);
  return line.value.split(' ');
}

// Processor time, in ticks: of one process, and of everything that is neither idle nor one of the two sides.
function ticks(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
function load() {
  const [user, nice, system, idle, wait, irq, soft, steal] =
    fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  const busy = user + nice + system + irq + soft + steal;
  return { all: busy + idle + wait, foreign: busy - ticks('self') - ticks(child.pid) };
}
const foreignShare = (before, after) => (after.foreign - before.foreign) / Math.max(1, after.all - before.all);

async function openOrt(model, batch) {
  const session = await ort.InferenceSession.create(`${dir}/${model}.b${batch}.onnx`, {
    intraOpNumThreads: THREADS, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3,
  });
  const images = floats(`${dir}/${model}.in`), input = new Float32Array(PIXELS * batch);
  for (let i = 0; i < batch; i++) input.set(images.subarray((i % 2) * PIXELS, (i % 2 + 1) * PIXELS), i * PIXELS);
  return { session, feed: { input: new ort.Tensor('float32', input, [batch, 3, 224, 224]) } };
}
async function fastestOrt({ session, feed }, times) {
  let fastest = Infinity;
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await session.run(feed);
    fastest = Math.min(fastest, performance.now() - start);
  }
  return fastest;
}

// max|a - b| / max|b| of the two sides' outputs.
async function distance(peer, model, batch) {
  const theirs = (await peer.session.run(peer.feed)).output.data;
  await ask(`output ${model} ${batch}`);
  const ours = floats(`${dir}/${model}.gable`);
  if (ours.length !== theirs.length) throw Error(`${model}: ${ours.length} outputs, ${theirs.length} expected`);
  let apart = 0, largest = 0;
  ours.forEach((x, i) => {
    apart = Math.max(apart, Math.abs(x - theirs[i]));
    largest = Math.max(largest, Math.abs(theirs[i]));
  });
  return apart / largest;
}

async function measure(model, batch) {
  const peer = await openOrt(model, batch), ort_ms = [], own_ms = [], peaks = [];
  const apart = await distance(peer, model, batch);
  if (!(apart <= 1e-4)) throw Error(`${model} at batch ${batch}: outputs are ${apart} of the largest apart`);
  const [executed, , , ...algorithms] = await ask(`plan ${model} ${batch}`);
  const once = await fastestOrt(peer, 2);
  const times = batch > 1 ? 2 : Math.max(10, Math.min(100, Math.ceil(200 / once)));
  await ask(`run ${model} ${batch} 2`);
  let thrown = 0;
  while (ort_ms.length < rounds && thrown < 3 * rounds) {
    const before = load();
    const theirs = await fastestOrt(peer, times);
    await sleep(30); // its threads spin for a while
    const [ours] = await ask(`run ${model} ${batch} ${times}`);
    const [flops] = await ask('probe');
    if (foreignShare(before, load()) > FOREIGN_MOST) {
      thrown++;
      await sleep(500);
      continue;
    }
    ort_ms.push(theirs);
    own_ms.push(Number(ours));
    peaks.push(Number(flops));
  }
  await peer.session.release();
  return { model, batch, ort_ms, own_ms, peaks, executed: Number(executed), apart, thrown, algorithms: algorithms.join(' ') };
}

function row(r, peak) {
  const head = `| ${r.model} | ${r.batch} |`;
  if (!r.ort_ms.length) return `${head} never quiet: ${r.thrown} rounds thrown away |||||||||`;
  const roof = r.executed / peak * 1e3, ours = Math.min(...r.own_ms), theirs = Math.min(...r.ort_ms);
  r.ratio = theirs / ours;
  r.paired = median(r.ort_ms.map((x, i) => x / r.own_ms[i]));
  return `${head} ${digits(roof)} | ${digits(theirs)} | ${digits(ours)} | **${digits(r.ratio)}** | ${digits(r.paired)} | ` +
    `${digits(theirs / roof)} | ${(100 * roof / ours).toFixed(0)} % | ${r.apart.toExponential(1)} | ${r.ort_ms.length} (${r.thrown}) |`;
}

function print(results) {
  const version = JSON.parse(fs.readFileSync(new URL('./package.json', import.meta.url))).dependencies['onnxruntime-node'];
  const peak = Math.max(...results.flatMap((r) => r.peaks));
  console.log(`# Gable beside ONNX Runtime

${os.cpus()[0].model}, ${THREADS} threads each, fp32, 224 x 224, onnxruntime-node ${version}, ${new Date().toISOString().slice(0, 10)}.
Made by \`bench/peers\`: both sides run the same weights and images alternately; a round is one burst of each.

Milliseconds of a whole batch, the fastest pass of all rounds. *roof*: FLOPs that Gable executes / the highest fp32 peak
seen beside the runs (${digits(peak / 1e9)} GFLOP/s). *ratio*: ONNX Runtime / Gable, fastest passes. *paired*: the median of
the ratios of each round. *cap*: ONNX Runtime / roof, what an engine that executes these FLOPs could reach at most
(exponentials not counted). *of roof*: roof / Gable. *apart*: max|a - b| / max|b| of the two outputs. Rounds in which
other programs took more than ${100 * FOREIGN_MOST} % of the processors were thrown away (in parentheses).

| model | batch | roof | ONNX Runtime | Gable | ratio | paired | cap | of roof | apart | rounds |
|---|---|---|---|---|---|---|---|---|---|---|`);
  for (const r of results) console.log(row(r, peak));
  for (const batch of [...new Set(results.map((r) => r.batch))]) {
    const some = results.filter((r) => r.batch === batch && r.ratio);
    if (some.length)
      console.log(`| geometric mean | ${batch} ||||**${digits(geometricMean(some.map((r) => r.ratio)))}** | ` +
        `${digits(geometricMean(some.map((r) => r.paired)))} |||||`);
  }
}

const results = [];
for (const word of models) {
  const [model, only] = word.split(':');
  for (const batch of only ? [Number(only)] : [1, 64]) {
    console.error(`${model} at batch ${batch} ...`);
    results.push(await measure(model, batch));
  }
}
child.stdin.end();
if (!results.some((r) => r.peaks.length)) {
  console.error(`other programs kept the machine busy: all rounds were thrown away`);
  process.exit(1);
}
print(results);
