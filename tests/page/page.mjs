// node page.mjs REPORT_DIR...: opens each REPORT_DIR/index.html in headless Chromium, wide and narrow, light and dark, with
// and without scripts, by keyboard and printed. Fails on any console message, request, dialog, empty figure, or page wider
// than its window; a later page has the first one's elements, since it differs in names alone. Speaks DevTools' protocol over a pipe; no packages. PAGE_SHOTS=DIR keeps a picture of each view.
import {spawn} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join, resolve} from 'node:path';

const profile = mkdtempSync(join(tmpdir(), 'gable-page-'));
const chromium = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--hide-scrollbars', `--user-data-dir=${profile}`,
  '--remote-debugging-pipe', 'about:blank'], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});
const waiting = new Map(), listeners = new Map();
let nextId = 1, buffer = '', faults = 0;
chromium.stdio[4].on('data', chunk => {
  buffer += chunk;
  for (let end; (end = buffer.indexOf('\0')) >= 0; buffer = buffer.slice(end + 1)) {
    const message = JSON.parse(buffer.slice(0, end));
    if (message.id) waiting.get(message.id)?.(message);
    else listeners.get(message.sessionId)?.(message);
  }
});
const send = (method, params = {}, sessionId) => new Promise((done, fail) => {
  const id = nextId++;
  waiting.set(id, m => m.error ? fail(new Error(`${method}: ${m.error.message}`)) : done(m.result));
  chromium.stdio[3].write(JSON.stringify({id, method, params, sessionId}) + '\0');
});

// One view of a page: collects what must not happen, gives `evaluate` and `key`.
async function open(path, {width, height = 900, scheme = 'light', script = true}) {
  const {targetId} = await send('Target.createTarget', {url: 'about:blank'});
  const {sessionId} = await send('Target.attachToTarget', {targetId, flatten: true});
  const view = {problems: []}, cdp = (method, params) => send(method, params, sessionId);
  let loaded;
  const whenLoaded = new Promise(done => { loaded = done; });
  listeners.set(sessionId, m => {
    const p = m.params;
    if (m.method === 'Runtime.consoleAPICalled') view.problems.push('console: ' + p.args.map(a => a.value ?? a.description).join(' '));
    if (m.method === 'Runtime.exceptionThrown') view.problems.push('exception: ' + p.exceptionDetails.exception?.description);
    if (m.method === 'Log.entryAdded') view.problems.push('log: ' + p.entry.text);
    if (m.method === 'Page.javascriptDialogOpening') view.problems.push('dialog: ' + p.message);
    if (m.method === 'Network.requestWillBeSent' && !p.request.url.endsWith('/index.html')) view.problems.push('request: ' + p.request.url.slice(0, 100));
    if (m.method === 'Page.loadEventFired') loaded();
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await cdp(`${domain}.enable`);
  await cdp('Emulation.setEmulatedMedia', {features: [{name: 'prefers-color-scheme', value: scheme}]});
  await cdp('Emulation.setDeviceMetricsOverride', {width, height, deviceScaleFactor: 1, mobile: width < 600});
  if (!script) await cdp('Emulation.setScriptExecutionDisabled', {value: true});
  await cdp('Page.navigate', {url: `file://${path}`});
  await whenLoaded;
  view.evaluate = async expression => {
    const {result, exceptionDetails} = await cdp('Runtime.evaluate', {expression, returnByValue: true, awaitPromise: true});
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  view.key = async name => {
    const code = {Tab: 9, ArrowRight: 39, Enter: 13, Escape: 27}[name];
    for (const type of ['rawKeyDown', 'keyUp']) await cdp('Input.dispatchKeyEvent', {type, key: name, code: name, windowsVirtualKeyCode: code});
  };
  view.print = () => cdp('Page.printToPDF', {preferCSSPageSize: true, printBackground: true});
  view.stretch = async () => { // the whole page in the window: every figure comes near and is drawn
    const {cssContentSize} = await cdp('Page.getLayoutMetrics');
    await cdp('Emulation.setDeviceMetricsOverride', {width, height: Math.ceil(cssContentSize.height), deviceScaleFactor: 1, mobile: width < 600});
  };
  view.shot = async name => {
    if (!process.env.PAGE_SHOTS) return;
    const {data} = await cdp('Page.captureScreenshot', {format: 'png', captureBeyondViewport: true});
    writeFileSync(join(process.env.PAGE_SHOTS, `${name}.png`), Buffer.from(data, 'base64'));
  };
  view.close = async () => { listeners.delete(sessionId); await send('Target.closeTarget', {targetId}); };
  return view;
}

function check(view, holds, sentence) { if (!holds) view.problems.push(sentence); }

async function report(view, name) {
  console.log(`${name.padEnd(40)} ${view.problems.length ? view.problems.length + ' problems' : 'fine'}`);
  view.problems.slice(0, 8).forEach(p => console.log('    ' + p));
  faults += view.problems.length;
  await view.close();
}

const drawn = `(async () => {
  const plots = [...document.querySelectorAll('.plot')];
  for (let i = 0; i < 400 && plots.some(p => p.querySelector('.still')); i++) await new Promise(r => setTimeout(r, 50));
  return plots.map(p => ({id: p.dataset.figure, live: !p.querySelector('.still'), marks: p.querySelectorAll('path,text,circle').length,
    height: p.clientHeight, table: !!document.querySelector('#' + p.dataset.figure + '-table tbody tr')})); })()`;

// Elements by tag: how many in the page; in figures, whose texts may be left out or broken, which kinds.
const counted = `(() => {
  const page = {}, figures = new Set();
  for (const e of document.querySelectorAll('*'))
    if (e.closest('.plot') && !e.matches('.plot')) figures.add(e.tagName);
    else page[e.tagName] = (page[e.tagName] ?? 0) + 1;
  return {page, figures: [...figures]}; })()`;
let harmless;

function compareElements(view, elements) {
  harmless ??= elements;
  for (const tag of new Set([...Object.keys(harmless.page), ...Object.keys(elements.page)]))
    check(view, harmless.page[tag] === elements.page[tag], `${elements.page[tag]} elements ${tag}, not ${harmless.page[tag]}`);
  for (const tag of elements.figures) check(view, harmless.figures.includes(tag), `an element ${tag} in a figure`);
}

async function look(path, name, options) {
  const view = await open(path, options);
  await view.stretch();
  const figures = await view.evaluate(drawn);
  check(view, figures.length >= 15, `only ${figures.length} figures`);
  for (const f of figures) check(view, f.live && f.marks > 12 && f.height > 100 && f.table, `figure ${f.id}: ${JSON.stringify(f)}`);
  const wide = await view.evaluate('document.documentElement.scrollWidth - innerWidth');
  check(view, wide <= 0, `${wide} px wider than the window`);
  const ground = await view.evaluate('getComputedStyle(document.body).backgroundColor');
  check(view, (ground === 'rgb(255, 255, 255)') === (options.scheme !== 'dark'), `background ${ground}`);
  check(view, await view.evaluate('document.querySelectorAll("img, iframe, object, embed, link, base").length') === 0, 'foreign elements');
  check(view, await view.evaluate('document.querySelectorAll("script").length') === 5, 'scripts beside our own');
  compareElements(view, await view.evaluate(counted));
  await view.shot(name);
  await report(view, name);
}

async function plain(path, name) { // no scripts: stills and tables are there
  const view = await open(path, {width: 1280, scheme: 'dark', script: false});
  const {root} = {root: await view.evaluate('[...document.querySelectorAll(".plot")].map(p => p.querySelectorAll(".still path").length)')};
  check(view, root.length >= 15 && root.every(n => n > 3), `stills: ${root}`);
  check(view, await view.evaluate('document.querySelectorAll("table tbody tr").length') > 100, 'tables are missing');
  await view.shot(name);
  await report(view, name);
}

async function keyboard(path, name) {
  const view = await open(path, {width: 1280}), reached = new Set();
  for (let i = 0; i < 400; i++) {
    await view.key('Tab');
    const at = await view.evaluate(`(e => e === document.body ? 'body' : e.className?.toString().split(' ')[0] || e.tagName)(document.activeElement)`);
    reached.add(at);
    if (at === 'body' && i > 10) break;
  }
  for (const what of ['skip', 'plot', 'SUMMARY', 'A', 'BUTTON', 'number']) check(view, reached.has(what), `Tab never reaches ${what}`);
  await view.evaluate('document.querySelector(".plot[data-figure=attained], .plot").focus()');
  await view.evaluate(drawn.replace("plots.some(p => p.querySelector('.still'))", "document.activeElement.querySelector('.still')"));
  await view.key('ArrowRight');
  check(view, await view.evaluate('document.getElementById("speech").textContent.length > 10'), 'arrow keys say nothing');
  await view.key('Escape');
  await view.evaluate('document.querySelector("#theme").click()');
  check(view, await view.evaluate('getComputedStyle(document.body).backgroundColor') !== 'rgb(255, 255, 255)', 'the switch does not darken');
  const sorted = await view.evaluate(`(() => {
    const table = document.getElementById('counts-table'), head = table.tHead.rows[0].cells[3].querySelector('button');
    head.click();
    const values = [...table.tBodies[0].rows].map(r => +(r.cells[3].dataset.value ?? r.cells[3].textContent.replaceAll(',', '')));
    return values.length > 1 && values[0] > 0 && values.every((v, i) => i === 0 || v <= values[i - 1]); })()`);
  check(view, sorted, 'a table does not sort');
  const followed = await view.evaluate(`(() => {
    document.querySelector('[data-follow]').click();
    return document.querySelectorAll('tr.followed').length; })()`);
  check(view, followed > 0, 'following a model marks no row');
  const {data} = await view.print();
  check(view, data.length > 100000, 'the print is empty');
  await report(view, name);
}

try {
  for (const folder of process.argv.slice(2)) {
    const path = resolve(folder, 'index.html'), name = basename(resolve(folder));
    for (const scheme of ['light', 'dark'])
      for (const width of [1280, 390]) await look(path, `${name}-${width}-${scheme}`, {width, scheme});
    await plain(path, `${name}-no-scripts`);
    await keyboard(path, `${name}-keyboard`);
  }
} catch (error) {
  console.log(error.stack);
  faults++;
}
chromium.kill();
await new Promise(done => chromium.once('exit', done));
rmSync(profile, {recursive: true, force: true, maxRetries: 20, retryDelay: 200}); // its helpers may still write
process.exit(faults ? 1 : 0);
