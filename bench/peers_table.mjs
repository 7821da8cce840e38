// node peers_table.mjs DESCRIPTION RESULT.json...: the results of bench/peers as a table in Markdown.
import fs from 'node:fs';

const [description, ...files] = process.argv.slice(2);
const results = files.filter((f) => fs.existsSync(f)).map((f) => JSON.parse(fs.readFileSync(f)));
if (!results.length) {
  console.error('no results');
  process.exit(1);
}
const median = (a) => {
  const s = [...a].sort((x, y) => x - y), half = s.length >> 1;
  return s.length % 2 ? s[half] : (s[half - 1] + s[half]) / 2;
};
const geometricMean = (a) => Math.exp(a.reduce((sum, x) => sum + Math.log(x), 0) / a.length);
const digits = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));
const peak = Math.max(...results.flatMap((r) => r.peaks));
const version = JSON.parse(fs.readFileSync(new URL('./package.json', import.meta.url))).dependencies['onnxruntime-node'];

function row(r) {
  const roof = r.executed / peak * 1e3, ours = Math.min(...r.own_ms), theirs = Math.min(...r.ort_ms);
  r.ratio = theirs / ours;
  r.paired = median(r.ort_ms.map((x, i) => x / r.own_ms[i]));
  r.cap = theirs / roof;
  return `| ${r.model} | ${r.batch} | ${digits(roof)} | ${digits(theirs)} | ${digits(ours)} | **${digits(r.ratio)}** | ` +
    `${digits(r.paired)} | ${digits(r.cap)} | ${(100 * roof / ours).toFixed(0)} % | ${r.apart.toExponential(1)} | ` +
    `${r.ort_ms.length} (${r.thrown}) |`;
}
function mean(batch) {
  const some = results.filter((r) => r.batch === batch), of = (word) => digits(geometricMean(some.map((r) => r[word])));
  const slower = some.filter((r) => r.ratio < 1).map((r) => r.model);
  return `At batch ${batch} the geometric mean of ${some.length} models is **${of('ratio')}** (paired ${of('paired')}, cap ` +
    `${of('cap')}); ${slower.length ? `slower than ONNX Runtime: ${slower.join(', ')}` : 'none is slower than ONNX Runtime'}.`;
}

const isFiles = results[0].is_file;
const shapes = isFiles ? 'each file in the shapes of one use (bench/files.py)' : '224 x 224';
const rows = results.map(row).join('\n'), batches = [...new Set(results.map((r) => r.batch))];
const days = [...new Set(results.map((r) => r.utc.slice(0, 10)))].sort();
const foreign = 100 * Math.max(...results.map((r) => r.foreign_most));
console.log(`# ${isFiles ? 'The ONNX files that people bring: ' : ''}Gable beside ONNX Runtime

${description}, ${results[0].threads} threads each, fp32, ${shapes}, onnxruntime-node ${version}, measured ${days.join(' and ')}.

${batches.map(mean).join('\n')}

Made by \`bench/peers${isFiles ? ' files' : ''}\`: both sides run the same weights and images alternately, model by model; a
round is one burst of each. Milliseconds of a whole batch, the fastest pass of all rounds. *roof*: FLOPs that Gable executes /
the highest fp32 peak seen beside any of the runs (${digits(peak / 1e9)} GFLOP/s). *ratio*: ONNX Runtime / Gable, fastest passes.
*paired*: the median of the ratios of each round. *cap*: ONNX Runtime / roof, what an engine that executes these FLOPs could
reach at most (exponentials not counted). *of roof*: roof / Gable. *apart*: max|a - b| / max|b| of the two outputs. Rounds in
which other programs took more than ${foreign} % of the processors were thrown away (in parentheses).

| model | batch | roof | ONNX Runtime | Gable | ratio | paired | cap | of roof | apart | rounds |
|---|---|---|---|---|---|---|---|---|---|---|
${rows}`);
const chosen = results.map((r) => `* ${r.model} at batch ${r.batch}: ${r.algorithms}`);
console.log(`\nWhat the planner chose:\n${chosen.join('\n')}`);
