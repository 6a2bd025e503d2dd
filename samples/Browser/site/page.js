// The form, the images and the address. All work is done by worker.js.
const element = id => document.getElementById(id);
const model = await (await fetch('model.json')).json();
const fields = ['class', 'seed', 'count', 'guidance'];
let worker, times;

setUp();
startWorker();

function setUp() {
  element('steps').textContent = model.steps;
  element('classField').hidden = element('guidanceField').hidden = model.classes.length === 0;
  element('class').replaceChildren(...model.classes.map((name, i) => new Option(name, i)), new Option('(any)', -1));
  const asked = new URLSearchParams(location.hash.slice(1));
  const usual = { class: model.classes.length === 0 ? -1 : 0, seed: 1, count: 8, guidance: model.guidance };
  for (const name of fields) {
    element(name).value = asked.get(name) ?? usual[name];
  }
}

function startWorker() {
  setBusy(true);
  worker = new Worker('worker.js', { type: 'module' });
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = fault => say(`The model cannot run here: ${fault.message}`);
}

function receive(message) {
  if (message.fault) {
    say(message.fault);
    document.body.dataset.fault = message.fault;
    setBusy(Boolean(message.isFatal));
  } else if (message.ready) {
    say(`Ready, on the ${message.device}${message.threads > 1 ? ` with ${message.threads} threads` : ''}.`);
    document.body.dataset.ready = 'true';
    setBusy(false);
    if (location.hash) {
      generate();
    }
  } else {
    show(message);
  }
}

function show({ image, pixels, milliseconds }) {
  const canvas = element('images').children[image];
  canvas.getContext('2d').putImageData(new ImageData(pixels, model.width, model.height), 0, 0);
  canvas.setAttribute('aria-label', `${nameOfClass()} ${image + 1}, seed ${element('seed').value}`);
  times.push(milliseconds);
  const mean = times.reduce((a, b) => a + b) / times.length;
  say(`${times.length} of ${element('images').children.length} images, ${Math.round(mean)} ms each`);
  if (times.length === element('images').children.length) {
    document.body.dataset.done = 'true';
    setBusy(false);
  }
}

function generate() {
  if (!element('form').reportValidity()) {
    return;
  }

  const [label, seed, count, guidance] = fields.map(name => element(name).value);
  history.replaceState(null, '', `#${new URLSearchParams({ class: label, seed, count, guidance })}`);
  delete document.body.dataset.done;
  delete document.body.dataset.fault;
  times = [];
  element('images').replaceChildren(...Array.from({ length: Number(count) }, canvas));
  say('Generating the first image');
  setBusy(true);
  worker.postMessage({ seed, count: Number(count), label: Number(label), guidance: Number(guidance) });
}

function canvas() {
  const result = Object.assign(document.createElement('canvas'), { width: model.width, height: model.height });
  result.setAttribute('role', 'img');
  result.setAttribute('aria-label', 'not generated yet');
  return result;
}

const nameOfClass = () => model.classes[element('class').value] ?? 'image';
const say = text => { element('status').textContent = text; };

function setBusy(busy) {
  element('generate').disabled = element('next').disabled = busy;
  element('stop').disabled = !busy;
}

element('form').onsubmit = event => { event.preventDefault(); generate(); };
element('next').onclick = () => { element('seed').value = String(BigInt(element('seed').value) + 1n); generate(); };
element('stop').onclick = () => { worker.terminate(); location.hash = ''; startWorker(); };
