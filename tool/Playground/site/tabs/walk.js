// Walk: images anywhere between four corners, which are seeds or images of one's own.
import { Fault } from '../ask.js';
import { classField, pixels, wholeNumber } from '../fields.js';

const corners = ['Top left', 'Top right', 'Bottom left', 'Bottom right'];
const ends = [[0, 0], [1, 0], [0, 1], [1, 1]];
const mostPathPoints = 32;

export function mount(panel, app) {
  const { element, field } = app;
  let shown = null;
  let place = [0.5, 0.5];
  let path = []; // where the pointer was dragged
  let wanted = null; // what to ask next, when the answer to the last question is there
  let asking = null;
  let version = 0; // of the corners: what was asked for others is of no use

  const classes = element('div', { class: 'wide' });
  const kind = element('select', { onchange: changed },
    element('option', { value: 'slerp' }, 'slerp: along the sphere'),
    element('option', { value: 'lerp' }, 'lerp: in a straight line'));
  const across = slider('Across', 0);
  const down = slider('Down', 1);
  const inputs = corners.map((name, i) => corner(name, i));
  const controls = element('form', { class: 'controls', 'aria-label': 'Between what to walk', onsubmit: event => event.preventDefault() },
    element('div', { class: 'fields' }, classes, wide(field('Path', kind)), ...inputs.map(input => input.box)),
    element('p', { class: 'quiet' }, 'A corner is a seed, or an image: drop one on it, or choose a file.'));

  const draft = element('span');
  const view = element('figure', {}, element('div', { class: 'frame' }), element('figcaption', {}, 'Here ', draft));
  const dot = element('span', { class: 'dot', 'aria-hidden': 'true' });
  const trail = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  trail.setAttribute('viewBox', '0 0 1 1');
  trail.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  trail.append(line);
  const pad = element('div', {
    class: 'pad', id: 'pad', onpointerdown: grab, onpointermove: drag, onpointerup: release, onpointercancel: release,
    ondragover: event => event.preventDefault(), ondrop: dropped,
  }, ...corners.map(() => element('div', { class: 'corner' }, element('span', { class: 'blank' }))), trail, dot);
  const gif = element('button', { type: 'button', onclick: () => saveGif().catch(app.fail) }, 'Save the path as GIF');
  const forget = element('button', { type: 'button', onclick: () => { path = []; showPlace(); keepState(); } }, 'Forget the path');
  panel.replaceChildren(element('div', { class: 'sides' }, controls, element('div', { class: 'stage' },
    element('div', { class: 'pair' }, element('figure', {}, pad, element('figcaption', {}, 'Drag the dot, or use the sliders')), view),
    element('div', { class: 'pair' }, field('Across', across), field('Down', down)),
    element('div', { class: 'row' }, gif, forget))));

  function wide(made) {
    made.classList.add('wide');
    return made;
  }

  function slider(name, axis) {
    return element('input', {
      type: 'range', min: 0, max: 1, step: 0.01, value: 0.5, id: `walk-${name.toLowerCase()}`,
      oninput: event => { path = []; place[axis] = Number(event.target.value); showPlace(); ask(draftSteps()); },
      onchange: () => { keepState(); ask(fullSteps()); },
    });
  }

  function corner(name, i) {
    const input = element('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off', spellcheck: 'false', 'aria-label': `${name}: seed`, onchange: () => { made.image = null; changed(); } });
    const file = element('input', { type: 'file', accept: 'image/*', class: 'hidden-file', 'aria-label': `${name}: image file`, onchange: () => { take(i, file.files[0]); file.value = ''; } });
    const choose = element('button', { type: 'button', title: 'An image of your own', 'aria-label': `${name}: choose an image file`, onclick: () => file.click() }, '⇪');
    const box = element('div', { class: 'field' }, element('span', { class: 'label' }, name), element('div', { class: 'joined' }, input, choose), file);
    const made = { box, input, image: null };
    return made;
  }

  const model = () => app.about.models[app.model];
  const draftSteps = () => Math.min(10, model().timesteps);
  const fullSteps = () => Math.min(50, model().timesteps);

  // Images of one's own are in the address too: at the size of the model they are small.
  function keepState() {
    app.setState('walk', {
      ...Object.fromEntries(inputs.map((input, i) => [`c${i}`, input.image ? `i${input.image.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}` : input.input.value])),
      class: classes.select?.value ?? '',
      path: kind.value,
      at: place.map(short).join(','),
      along: path.length > 1 ? path.map(point => point.map(short).join(',')).join(';') : null,
    });
    shown = app.state('walk').toString();
  }

  const short = number => String(Math.round(100 * number) / 100);

  function fill(state) {
    const made = classField(model());
    made?.select.addEventListener('change', changed);
    classes.replaceChildren(...(made ? [made] : []));
    classes.select = made?.select;
    if (made) {
      made.select.value = state.get('class') ?? (state.size > 0 ? '' : '0');
    }

    inputs.forEach((input, i) => {
      const text = state.get(`c${i}`) ?? String(i + 1);
      input.image = text.startsWith('i') ? text.slice(1).replaceAll('-', '+').replaceAll('_', '/') : null;
      input.input.value = input.image ? '' : text;
      input.input.placeholder = input.image ? 'image' : '';
    });
    kind.value = state.get('path') === 'lerp' ? 'lerp' : 'slerp';
    place = points(state.get('at'))[0] ?? [0.5, 0.5];
    path = points(state.get('along'));
  }

  const points = text => (text ?? '').split(';').filter(Boolean)
    .map(point => point.split(',').map(Number)).filter(point => point.length === 2 && point.every(v => v >= 0 && v <= 1)).slice(0, 64);

  function query(steps, asked) {
    return {
      model: app.model,
      class: classes.select?.value ? Number(classes.select.value) : null,
      corner: inputs.map((input, i) => input.image ? { image: padded(input.image) } : { seed: wholeNumber(input.input.value, `${corners[i]}: the seed`) }),
      points: asked,
      path: kind.value,
      steps,
    };
  }

  const padded = text => text + '='.repeat((4 - text.length % 4) % 4);

  // The corners, or the path between them, are others.
  async function changed() {
    version++;
    inputs.forEach(input => { input.input.placeholder = input.image ? 'image' : ''; });
    app.fail(null);
    keepState();
    showPlace();
    const mine = version;
    delete panel.dataset.done;
    try {
      const { images } = await app.post('/api/walk', query(fullSteps(), ends));
      if (mine === version) {
        images.forEach((image, i) => pad.children[i].replaceChildren(pixels(image, `${corners[i]}: ${inputs[i].image ? 'your image, as the model encodes it' : `seed ${inputs[i].input.value}`}`)));
      }
    } catch (fault) {
      app.fail(fault);
      return;
    }

    ask(fullSteps());
  }

  // One question at a time, always about where the dot is by then.
  function ask(steps) {
    wanted = { steps, place: [...place], version };
    asking ??= answerAll().finally(() => { asking = null; });
  }

  async function answerAll() {
    while (wanted) {
      const now = wanted;
      wanted = null;
      try {
        delete panel.dataset.done;
        const { images } = await app.post('/api/walk', query(now.steps, [now.place]));
        if (now.version === version) {
          view.firstChild.replaceChildren(pixels(images[0], `The image at ${percent(now.place[0])} across and ${percent(now.place[1])} down`, { id: 'here' }));
          draft.textContent = `in ${now.steps} steps`;
        }
      } catch (fault) {
        app.fail(fault);
      }

      if (!wanted && now.steps === fullSteps()) {
        panel.dataset.done = '';
      }
    }
  }

  const percent = number => `${Math.round(100 * number)} %`;

  function showPlace() {
    across.value = place[0];
    down.value = place[1];
    across.setAttribute('aria-valuetext', `${percent(place[0])} across`);
    down.setAttribute('aria-valuetext', `${percent(place[1])} down`);
    dot.style.left = `${100 * place[0]}%`;
    dot.style.top = `${100 * place[1]}%`;
    line.setAttribute('points', path.map(point => point.join(',')).join(' '));
    forget.disabled = path.length < 2;
  }

  function toPlace(event) {
    const box = pad.getBoundingClientRect();
    const within = number => Math.min(1, Math.max(0, Math.round(100 * number) / 100));
    return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
  }

  function grab(event) {
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    pad.dataset.dragging = '';
    path = [];
    move(event);
  }

  function drag(event) {
    if ('dragging' in pad.dataset) {
      move(event);
    }
  }

  function move(event) {
    place = toPlace(event);
    const last = path.at(-1);
    if (!last || Math.hypot(place[0] - last[0], place[1] - last[1]) >= 0.03) {
      path.push([...place]);
    }

    if (path.length > mostPathPoints) {
      path = path.filter((_, i) => i % 2 === 0 || i === path.length - 1);
    }

    showPlace();
    ask(draftSteps());
  }

  function release(event) {
    if ('dragging' in pad.dataset) {
      delete pad.dataset.dragging;
      move(event);
      keepState();
      ask(fullSteps());
    }
  }

  // Where a file is dropped decides the corner.
  function dropped(event) {
    event.preventDefault();
    const [right, below] = toPlace(event);
    take((right > 0.5 ? 1 : 0) + (below > 0.5 ? 2 : 0), event.dataTransfer.files[0]);
  }

  async function take(i, file) {
    if (!file) {
      return;
    }

    app.fail(null);
    app.say('Reading the image…');
    try {
      if (file.size > app.about.parts.walk.mostBytes) {
        throw new Fault(`The file has ${(file.size / 2 ** 20).toFixed(0)} MiB, more than the ${app.about.parts.walk.mostBytes / 2 ** 20} MiB that are read.`, 413);
      }

      const { image } = await app.post(`/api/walk/image/${app.model}`, file);
      inputs[i].image = image.replace(/=+$/, '');
      inputs[i].input.value = '';
      app.say('');
      await changed();
    } catch (fault) {
      app.say('');
      app.fail(fault);
    }
  }

  // So many places on the way, evenly along it; without a way, around the four corners.
  function onTheWay(count) {
    const way = path.length > 1 ? path : [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]];
    const lengths = way.slice(1).map((point, i) => Math.hypot(point[0] - way[i][0], point[1] - way[i][1]));
    const all = lengths.reduce((sum, length) => sum + length, 0);
    return Array.from({ length: count }, (_, k) => {
      let left = all * k / (count - 1);
      let i = 0;
      while (i < lengths.length - 1 && left > lengths[i]) {
        left -= lengths[i++];
      }

      const share = lengths[i] > 0 ? Math.min(1, left / lengths[i]) : 0;
      return [0, 1].map(axis => Math.min(1, Math.max(0, way[i][axis] + share * (way[i + 1][axis] - way[i][axis]))));
    });
  }

  async function saveGif() {
    app.say('Making the GIF…');
    const file = await app.blob('/api/walk/gif', query(fullSteps(), onTheWay(48)));
    app.save(file, `${model().name.replace(/\.zip$/, '')}-walk.gif`);
    app.say('The GIF is saved.');
  }

  return {
    show(state) {
      if (shown && state.toString() === shown) {
        return;
      }

      fill(state);
      changed();
    },
    modelChanged() {
      inputs.forEach((input, i) => { input.input.value ||= String(i + 1); input.image = null; });
      fill(new URLSearchParams());
      changed();
    },
  };
}
