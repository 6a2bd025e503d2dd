// The shell: tabs, the state in the address, the token, and how the server is asked. Names of models, classes and files are only ever text nodes.
import { Fault, request, stream } from './ask.js';
import { element, field, save } from './dom.js';

const order = ['generate', 'compare', 'walk', 'edit', 'train', 'learn'];
const faultLine = document.getElementById('fault');
const statusLine = document.getElementById('status');
const modules = new Map(); // by tab: what its mount gave
const states = new Map(); // by tab: its part of the address
let current = null;

const app = {
  /** What /api/about says: version, parts, models, samplers. */
  about: null,
  /** The index of the model that is chosen. */
  model: 0,

  /** Asks for a document: post('/api/x', {…}) sends JSON, get('/api/x') nothing. */
  get: (path, options) => request(path, { ...options, method: 'GET' }).then(answer => answer.json()),
  post: (path, body, options) => request(path, { ...options, body }).then(answer => answer.json()),
  /** Asks for a file. */
  blob: (path, body, options) => request(path, { ...options, body }).then(answer => answer.blob()),
  /** Asks for events: on[name](data) for each, until the last; body undefined is a GET. It throws a Fault if the server does, or goes. */
  stream,

  /** The state of the tab that is shown: URLSearchParams. */
  state: tab => new URLSearchParams(states.get(tab) ?? ''),
  /** Keeps a tab's state, and has it in the address while the tab is shown. */
  setState(tab, state) {
    states.set(tab, new URLSearchParams(Object.entries(state).filter(([, value]) => value !== null && value !== undefined)).toString());
    if (tab === current) {
      history.replaceState(null, '', address(tab));
    }
  },

  /** Tells how far something is; screen readers say it too. */
  say: text => { statusLine.textContent = text; },
  /** Shows what went wrong; nothing takes it away. */
  fail(fault) {
    if (fault?.name === 'AbortError') {
      return;
    }

    faultLine.textContent = fault ? (fault instanceof Fault ? fault.message : `This went wrong in the page: ${fault.message}`) : '';
    faultLine.hidden = !fault;
    if (fault && !(fault instanceof Fault)) {
      console.error(fault);
    }
  },
  element,
  field,
  save,
};

function address(tab) {
  const state = states.get(tab);
  const model = app.model > 0 ? `&model=${app.model}` : '';
  return `${location.pathname}#tab=${tab}${model}${state ? `&${state}` : ''}`;
}

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const tab = given.get('tab');
  const model = Number(given.get('model') ?? 0);
  given.delete('tab');
  given.delete('model');
  const shown = order.filter(name => !tabOf(name).hidden);
  const chosen = shown.includes(tab) ? tab : shown[0];
  if (given.size > 0 && chosen === tab) {
    states.set(tab, given.toString());
  }

  app.model = Number.isInteger(model) && model >= 0 && model < app.about.models.length ? model : 0;
  document.getElementById('model').value = app.model;
  return chosen;
}

const tabOf = name => document.getElementById(`tab-${name}`);
const panelOf = name => document.getElementById(`panel-${name}`);

async function show(name, isNew) {
  if (!name) {
    return;
  }

  if (current && current !== name) {
    modules.get(current)?.hide?.();
  }

  current = name;
  for (const other of order) {
    const isShown = other === name;
    tabOf(other).setAttribute('aria-selected', isShown);
    tabOf(other).tabIndex = isShown ? 0 : -1;
    panelOf(other).hidden = !isShown;
  }

  document.title = `${tabOf(name).textContent} · Playground`;
  app.fail(null);
  app.say('');
  history[isNew ? 'pushState' : 'replaceState'](null, '', address(name));
  try {
    if (!modules.has(name)) {
      modules.set(name, {});
      const { mount } = await import(`./tabs/${name}.js`);
      modules.set(name, (await mount(panelOf(name), app)) ?? {});
    }

    modules.get(name).show?.(app.state(name));
  } catch (fault) {
    app.fail(fault);
  }
}

// The pattern of ARIA: arrows go from tab to tab, Home and End to the ends, and what is gone to is shown.
function onKey(event) {
  const shown = order.filter(name => !tabOf(name).hidden);
  const at = shown.indexOf(current);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: shown.length - 1 }[event.key];
  if (to === undefined) {
    return;
  }

  event.preventDefault();
  const name = shown[(to + shown.length) % shown.length];
  tabOf(name).focus();
  show(name, true);
}

function chooseTheme() {
  const root = document.documentElement;
  const button = document.getElementById('theme');
  const isDark = () => root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  const label = () => { button.textContent = isDark() ? 'Light' : 'Dark'; button.title = `Show the page in ${isDark() ? 'light' : 'dark'} colours`; };
  const kept = localStorage.getItem('theme');
  if (kept === 'dark' || kept === 'light') {
    root.dataset.theme = kept;
  }

  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    localStorage.setItem('theme', root.dataset.theme);
    label();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', label);
  label();
}

function describeModels() {
  const select = document.getElementById('model');
  app.about.models.forEach((model, i) => select.append(element('option', { value: i }, model.name)));
  document.getElementById('model-choice').hidden = app.about.models.length < 2;
  const describe = () => {
    const model = app.about.models[app.model];
    document.getElementById('model-line').textContent = !model ? ''
      : `${app.about.models.length < 2 ? `${model.name} · ` : ''}${model.width}×${model.height} ${model.channels === 1 ? 'grey' : 'colour'} · ${(model.parameters / 1e6).toFixed(1)} million parameters`;
  };
  select.addEventListener('change', () => {
    app.model = Number(select.value);
    describe();
    history.replaceState(null, '', address(current));
    modules.forEach(module => module.modelChanged?.());
  });
  return describe;
}

async function start() {
  chooseTheme();
  try {
    app.about = await app.get('/api/about');
  } catch (fault) {
    app.fail(fault);
    return;
  }

  for (const name of order) {
    tabOf(name).hidden = !(name in app.about.parts);
    tabOf(name).addEventListener('click', () => show(name, true));
  }

  document.getElementById('tabs').addEventListener('keydown', onKey);
  const describe = describeModels();
  const open = () => { const tab = readAddress(); describe(); return show(tab, false); };
  window.addEventListener('hashchange', open); // somebody's link, or the way back
  window.addEventListener('popstate', open);
  await open();
  document.body.dataset.ready = '';
}

start();
