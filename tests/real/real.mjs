// node real.mjs GABLE EXPORTS: real models beside ONNX Runtime, each twice: as `gable run --check` runs it, cleaned up and on
// the planned engine where that takes it, and node by node as the file has it (--dump). EXPORTS is bench/files.py's folder.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { normals } from '../../bench/normals.mjs';
import { carried, exported } from './models.mjs';

const ort = createRequire(new URL('../../bench/package.json', import.meta.url))('onnxruntime-node');
const [gable, exports] = process.argv.slice(2), work = fs.mkdtempSync('/tmp/gable-real-');
const ONNX_TYPE = { float32: 1, int64: 7, float16: 10, float64: 11 };
// Doubles: ONNX Runtime's own are 7e-9 from PyTorch's, where Gable's are 4e-15.
const TOLERANCE = { float16: { atol: 2e-2, rtol: 2e-2 }, float32: { atol: 1e-5, rtol: 1e-3 }, float64: { atol: 1e-7, rtol: 1e-7 } };

// Cut, not rounded; what is less than a normal half is zero.
function toHalf(x) {
  const bits = new Uint32Array(Float32Array.of(x).buffer)[0], exponent = ((bits >>> 23) & 255) - 112;
  return ((bits >>> 16) & 0x8000) | (exponent > 0 ? (exponent << 10) | ((bits >>> 13) & 1023) : 0);
}
function fromHalf(h) {
  const exponent = (h >> 10) & 31, part = h & 1023;
  const size = exponent ? 2 ** (exponent - 15) * (1 + part / 1024) : 2 ** -14 * (part / 1024);
  return h & 0x8000 ? -size : size;
}
const elements = {
  float32: (v) => Float32Array.from(v),
  float64: (v) => Float64Array.from(v),
  float16: (v) => Uint16Array.from(v, toHalf),
  int64: (v) => BigInt64Array.from(v, (x) => BigInt(Math.abs(Math.trunc(2 * x)))),
};
function draw({ name, type, shape }, wanted, seed) {
  if (wanted?.scalar) return new ort.Tensor('int64', BigInt64Array.of(BigInt(wanted.scalar)), []);
  const dims = wanted ?? shape;
  if (dims.some((d) => !(d > 0))) throw Error(`input ${name} is ${dims}: models.mjs gives it no shape`);
  return new ort.Tensor(type, elements[type](normals(dims.reduce((n, d) => n * d, 1), seed)), dims);
}

// A TensorProto: dims, data_type, name, raw_data.
const varint = (n) => (n < 128 ? [n] : [(n % 128) + 128, ...varint(Math.floor(n / 128))]);
function proto(name, tensor) {
  const raw = Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength), text = Buffer.from(name);
  const head = [...tensor.dims.flatMap((d) => [0x08, ...varint(d)]), 0x10, ONNX_TYPE[tensor.type], 0x42, ...varint(text.length)];
  return Buffer.concat([Buffer.from(head), text, Buffer.from([0x4a, ...varint(raw.length)]), raw]);
}

// ONNX Runtime's inputs and outputs in ONNX's own layout: FOLDER/test_data_set_0.
async function expect(model, inputs, folder) {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 3 });
  const given = session.inputMetadata.map((m, i) => ({ name: m.name, tensor: draw(m, inputs[m.name], i + 1) }));
  const results = await session.run(Object.fromEntries(given.map(({ name, tensor }) => [name, tensor])));
  const wanted = session.outputNames.map((name) => ({ name, tensor: results[name] })), set = path.join(folder, 'test_data_set_0');
  fs.mkdirSync(set, { recursive: true });
  given.forEach(({ name, tensor }, i) => fs.writeFileSync(path.join(set, `input_${i}.pb`), proto(name, tensor)));
  wanted.forEach(({ name, tensor }, i) => fs.writeFileSync(path.join(set, `output_${i}.pb`), proto(name, tensor)));
  return { set, given, wanted };
}

function run(model, ...options) {
  const ran = spawnSync(gable, ['run', model, '--json', ...options], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (!ran.stdout) throw Error(ran.stderr.trim());
  return JSON.parse(ran.stdout);
}

// What is beyond the tolerance, in words.
function checked(model, folder, { atol, rtol }) {
  const { check } = run(model, '--check', folder, '--atol', String(atol), '--rtol', String(rtol));
  return check.filter((c) => !c.agrees).map((c) => `${c.output}: ${c.what}, ${c.absolute} apart`);
}
function numbers(file, like) {
  const bytes = fs.readFileSync(file), from = bytes.byteOffset + 10 + bytes.readUInt16LE(8);
  return new like.data.constructor(bytes.buffer.slice(from, bytes.byteOffset + bytes.length));
}
function walked(model, { set, given, wanted }, { atol, rtol }, folder) {
  const inputs = given.flatMap(({ name }, i) => ['--input', `${name}=${path.join(set, `input_${i}.pb`)}`]);
  const { outputs } = run(model, ...inputs, '--output', folder, '--dump');
  return wanted.flatMap(({ name, tensor }, i) => {
    const got = numbers(path.join(folder, outputs[i].file), tensor);
    const value = tensor.type === 'float16' ? fromHalf : Number;
    const beyond = (x, k) => !(Math.abs(value(got[k]) - value(x)) <= atol + rtol * Math.abs(value(x)));
    const n = got.length === tensor.data.length ? tensor.data.filter(beyond).length : -1;
    return n ? [`${name}, node by node: ${n < 0 ? 'another shape' : `${n} other values`}`] : [];
  });
}

async function faults({ file, inputs }, index) {
  const folder = path.join(work, String(index)), expected = await expect(file, inputs, folder);
  const tolerance = TOLERANCE[expected.wanted[0].tensor.type];
  return [...checked(file, folder, tolerance), ...walked(file, expected, tolerance, path.join(folder, 'inner'))];
}

const models = [...carried, ...exported.map((name) => ({ file: path.join(exports, `${name}.onnx`), inputs: {} }))];
let bad = 0;
for (const [i, model] of models.entries()) {
  const found = await faults(model, i).catch((e) => [e.message]);
  bad += found.length > 0;
  console.log(found.length ? `${model.file}: FAILED\n  ${found.join('\n  ')}` : `${model.file}: equal`);
  fs.rmSync(path.join(work, String(i)), { recursive: true, force: true });
}
fs.rmSync(work, { recursive: true, force: true });
console.log(`${models.length - bad} passed, ${bad} failed`);
process.exit(bad ? 1 : 0);
