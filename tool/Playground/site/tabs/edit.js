// The tab Edit: an image, a part of it painted anew, its variations, and what the model makes of it.
import { Fault } from '../ask.js';
import { numberField, seedField, wholeNumber } from '../fields.js';
import { base64, classChoice, figure, imageSource } from './image-source.js';

const brushColour = '#f08a2c'; // what is brushed is what is not transparent
const small = 64; // pixels: the brush grows with larger images

export function mount(panel, app) {
  const { element, field } = app;
  const classes = classChoice(app);
  const seed = seedField(() => {});
  const count = numberField('Images', { min: 1, max: 8, value: 4 });
  const steps = numberField('Steps', { min: 1, max: 1000, value: 50 });
  const resamplings = numberField('Resamplings', { min: 1, max: 20, value: 1, hint: 'More fit the new part better to the rest, at as many times the cost' });
  const source = imageSource(app, { changed: isNew, seed: seedOf, classOf: classes.value, label: 'Edit' });
  const mask = createMask(app, source);
  const results = element('div', { class: 'results', 'aria-live': 'polite' });
  const stop = element('button', { type: 'button', hidden: true }, 'Stop');
  let running = null;

  const inpaint = work('Paint anew', 'inpaint', async () => ({ mask: await mask.png(), resamplings: whole(resamplings) }), 'painted anew');
  const vary = work('Vary', 'vary', async () => ({ strength: Number(strength.value) }), 'varied');
  const encode = element('button', { type: 'button', id: 'edit-encode' }, 'Encode');
  const strength = element('input', { type: 'range', min: '0.05', max: '1', step: '0.05', value: '0.5', id: 'edit-strength' });
  const strengthText = element('output', {}, '0.50');
  strength.addEventListener('input', () => { strengthText.textContent = Number(strength.value).toFixed(2); });
  encode.addEventListener('click', () => run(encode, measure));
  stop.addEventListener('click', () => running?.abort());

  panel.classList.add('edit');
  panel.append(element(
    'div',
    { class: 'sides' },
    element('div', { class: 'stack' }, source.box, element('div', { class: 'fields' }, classes.box, seed, steps, count)),
    element(
      'div',
      { class: 'stack' },
      element(
        'div',
        { class: 'tools' },
        tool('Paint a part anew', 'Brush over what is to be new; the rest stays as it is.', mask.box, resamplings, inpaint),
        tool('Vary it', 'Noise the image to some depth and let the model take the noise away.', element('div', { class: 'field' }, element('label', { for: 'edit-strength' }, 'Strength ', strengthText), strength), vary),
        tool('Encode it', 'Find the noise that stands for the image, and see what comes back of it, how likely the image is to the model, and what it learned from is nearest.', encode)),
      element('div', { class: 'row' }, stop),
      results)));
  enable();

  function tool(title, text, ...controls) {
    return element('section', { class: 'tool' }, element('h2', {}, title), element('p', { class: 'quiet' }, text), ...controls);
  }

  function work(name, path, more, did) {
    const button = element('button', { type: 'button', id: `edit-${path}` }, name);
    button.addEventListener('click', () => run(button, async signal => {
      const body = { ...common(), count: whole(count), steps: whole(steps), ...await more() };
      await app.stream(`/api/edit/${path}`, body, {
        progress: ({ share }) => app.say(`${name}, ${Math.round(100 * share)} %`),
        images: ({ images }) => results.replaceChildren(element(
          'div',
          { class: 'images' },
          figure(body.image, 'Before'),
          ...images.map((png, i) => figure(png, `${i + 1}`, `Image ${i + 1}, ${did}`)))),
      }, { signal });
    }));
    return button;
  }

  async function measure(signal) {
    const body = { ...common(), steps: whole(steps) };
    const pair = element('div', { class: 'images' }, figure(body.image, 'Your image'));
    const facts = element('dl', { class: 'facts' });
    const nearest = element('div', { class: 'nearest' });
    results.replaceChildren(pair, facts, nearest);
    await app.stream('/api/edit/encode', body, {
      progress: ({ share }) => app.say(`Encoding, ${Math.round(100 * share)} %`),
      reconstruction(found) {
        pair.append(figure(found.image, `What comes back, after ${found.steps} steps up and ${found.steps} down`));
        fact(facts, 'Reconstruction error', found.error.toPrecision(3), 'mean squared difference of colours in 0 to 1');
      },
      likelihood(found) {
        const error = found.standardError === null ? '' : ` ± ${found.standardError.toFixed(2)}`;
        fact(facts, 'Bits per dimension', `${found.bits.toFixed(2)}${error}`, `a bound of what the image takes to tell, by ${found.judged} of ${found.timesteps} timesteps; less is more likely`);
      },
      nearest({ images, count: all }) {
        nearest.append(
          element('h2', {}, 'Nearest of what it learned from'),
          element('p', { class: 'quiet' }, `Of ${all.toLocaleString('en')} images, by the mean colours of 16×16 parts; the number is the root of their mean squared difference, 0 to 1.`),
          element('div', { class: 'images' }, ...images.map(match => figure(match.image, `${match.distance.toFixed(3)} · ${match.name}`, `Training image ${match.name}`))));
      },
    }, { signal });
  }

  function fact(list, name, value, text) {
    list.append(element('div', {}, element('dt', {}, name), element('dd', {}, value), element('dd', { class: 'quiet' }, text)));
  }

  async function run(button, action) {
    running?.abort();
    const own = running = new AbortController();
    app.fail(null);
    stop.hidden = false;
    results.setAttribute('aria-busy', 'true');
    try {
      await action(own.signal);
    } catch (fault) {
      app.fail(fault);
    } finally {
      if (running === own) {
        [running, stop.hidden] = [null, true];
        results.removeAttribute('aria-busy');
        app.say('');
      }
    }
  }

  function seedOf() {
    return wholeNumber(seed.input.value, 'Seed');
  }

  function common() {
    return { model: app.model, image: source.image(), class: classes.value(), seed: seedOf() };
  }

  function isNew() {
    mask.reset();
    results.replaceChildren();
    enable();
  }

  function enable() {
    [inpaint, vary, encode].forEach(button => { button.disabled = !source.image(); });
  }

  return {
    show() {
      if (!source.image()) {
        source.clear();
      }
    },
    modelChanged() {
      classes.fill();
      source.clear();
    },
  };
}

const whole = made => Math.round(Number(made.input.value));

// A mask of the image's size, painted on a canvas that lies above it. With the keyboard it is a part of the image that is chosen.
function createMask(app, source) {
  const { element, field } = app;
  const canvas = element('canvas', { class: 'pixels mask', id: 'edit-mask', 'aria-hidden': 'true' });
  const brush = element('input', { type: 'range', min: '1', max: '12', value: '4', id: 'edit-brush' });
  const part = element('select', { id: 'edit-part' }, ...[['', 'as brushed'], ['left', 'left half'], ['right', 'right half'], ['top', 'upper half'], ['bottom', 'lower half'], ['middle', 'middle']].map(([value, name]) => element('option', { value }, name)));
  const clear = element('button', { type: 'button', class: 'plain' }, 'Clear the brush');
  source.drop.append(canvas);
  let last = null;

  const context = () => canvas.getContext('2d', { willReadFrequently: true });
  const place = event => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width * canvas.width, (event.clientY - box.top) / box.height * canvas.height];
  };
  const stroke = to => {
    const at = context();
    const radius = Number(brush.value) / 2 * Math.max(1, Math.max(canvas.width, canvas.height) / small);
    const [from, count] = [last ?? to, Math.ceil(Math.hypot(to[0] - (last ?? to)[0], to[1] - (last ?? to)[1])) + 1];
    at.fillStyle = brushColour;
    for (let i = 0; i < count; i++) {
      const share = count === 1 ? 1 : i / (count - 1);
      at.beginPath();
      at.arc(from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]), radius, 0, 2 * Math.PI);
      at.fill();
    }

    last = to;
  };
  canvas.addEventListener('pointerdown', event => {
    if (!source.image() || event.button !== 0) {
      return;
    }

    canvas.setPointerCapture(event.pointerId);
    part.value = '';
    last = null;
    stroke(place(event));
  });
  canvas.addEventListener('pointermove', event => canvas.hasPointerCapture(event.pointerId) && stroke(place(event)));
  const reset = () => {
    Object.assign(canvas, { width: source.canvas.width, height: source.canvas.height });
    part.value = '';
  };
  clear.addEventListener('click', reset);
  part.addEventListener('change', () => {
    const { width: w, height: h } = canvas;
    const areas = { left: [0, 0, w / 2, h], right: [w / 2, 0, w / 2, h], top: [0, 0, w, h / 2], bottom: [0, h / 2, w, h / 2], middle: [w / 4, h / 4, w / 2, h / 2] };
    const chosen = part.value;
    reset();
    part.value = chosen;
    if (areas[chosen]) {
      context().fillStyle = brushColour;
      context().fillRect(...areas[chosen].map(Math.round));
    }
  });
  return {
    box: element('div', { class: 'fields' }, field('Brush', brush), field('Part', part), element('div', { class: 'wide' }, clear)),
    reset,
    async png() {
      const pixels = context().getImageData(0, 0, canvas.width, canvas.height);
      let painted = 0;
      for (let i = 0; i < pixels.data.length; i += 4) {
        const level = pixels.data[i + 3] >= 128 ? 255 : 0;
        painted += level;
        pixels.data.set([level, level, level, 255], i);
      }

      if (painted === 0) {
        throw new Fault('Nothing is brushed. Brush over the part that is to be new, or choose one.');
      }

      const made = new OffscreenCanvas(canvas.width, canvas.height);
      made.getContext('2d').putImageData(pixels, 0, 0);
      return base64(await made.convertToBlob());
    },
  };
}
