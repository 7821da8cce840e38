// node peers.mjs DIR GABLE_SERVE ROUNDS MODEL BATCH RESULT.json
// ONNX Runtime and Gable alternately, with the same threads, model, weights and inputs: those that bench/export.py left in
// DIR, or, where DIR has MODEL.onnx, this very file on both sides and inputs drawn here. A round is one burst of each side and a probe of the machine's peak; what counts of a burst is its fastest pass. A
// round in which other programs took more than 4 % of the processors (FOREIGN_MOST) is thrown away and repeated.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import readline from 'node:readline';
import ort from 'onnxruntime-node';
import { normals } from './normals.mjs';

const [dir, program, rounds, model, batch_word, result] = process.argv.slice(2);
const THREADS = Math.min(2, os.availableParallelism());
const PIXELS = 3 * 224 * 224, FOREIGN_MOST = Number(process.env.FOREIGN_MOST ?? 0.04);

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
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

// Inputs of the shapes that the file states, and the same for Gable in MODEL.in; integers are 1 where the number is positive.
function drawInputs(session, model) {
  const feed = {}, all = [];
  session.inputMetadata.forEach(({ name, type, shape }, i) => {
    const values = Float32Array.from(normals(shape.reduce((n, d) => n * d, 1), i + 1));
    all.push(Buffer.from(values.buffer));
    const data = type === 'int64' ? BigInt64Array.from(values, (x) => (x > 0 ? 1n : 0n)) : values;
    feed[name] = new ort.Tensor(type, data, shape);
  });
  fs.writeFileSync(`${dir}/${model}.in`, Buffer.concat(all));
  return feed;
}
async function openOrt(model, batch) {
  const file = `${dir}/${model}.onnx`, isFile = fs.existsSync(file);
  const session = await ort.InferenceSession.create(isFile ? file : `${dir}/${model}.b${batch}.onnx`, {
    intraOpNumThreads: THREADS, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3,
  });
  if (isFile) return { session, feed: drawInputs(session, model) };
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

// max|a - b| / max|b| of the two sides' outputs, all of a model's taken as one.
async function distance(peer, model, batch) {
  const outputs = await peer.session.run(peer.feed);
  const theirs = peer.session.outputNames.flatMap((name) => Array.from(outputs[name].data, Number));
  await ask(`output ${model} ${batch}`);
  const ours = floats(`${dir}/${model}.gable`);
  if (ours.length !== theirs.length) throw Error(`${model}: ${ours.length} outputs, ${theirs.length} expected`);
  let apart = 0, largest = 0;
  ours.forEach((x, i) => {
    apart = Math.max(apart, Math.abs(x - theirs[i]));
    largest = Math.max(largest, Math.abs(theirs[i]));
  });
  return apart / (largest || 1); // all zeros
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
  return { utc: new Date().toISOString(), is_file: fs.existsSync(`${dir}/${model}.onnx`), cpu: os.cpus()[0].model, threads: THREADS, foreign_most: FOREIGN_MOST, model, batch, ort_ms, own_ms, peaks, executed: Number(executed), apart, thrown, algorithms: algorithms.join(' ') };
}

const answer = await measure(model, Number(batch_word));
child.stdin.end();
if (!answer.peaks.length) {
  console.error(`other programs kept the machine busy: all ${answer.thrown} rounds were thrown away`);
  process.exit(1);
}
fs.writeFileSync(`${result}.part`, JSON.stringify(answer));
fs.renameSync(`${result}.part`, result);
process.exit(0); // its threads would keep node waiting
