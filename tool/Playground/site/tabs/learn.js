// The tab Learn: a short tour, on an image of one's own: noise, what the network makes of it, one step by hand, and two samplers side by side.
import { numberField, seedField, wholeNumber } from '../fields.js';
import { classChoice, figure, imageSource, paint } from './image-source.js';

const patience = 120; // ms after which a slider is taken to rest
const answers = {
  Epsilon: 'It was taught to answer with the noise.',
  Sample: 'It was taught to answer with the image.',
  VPrediction: 'It was taught to answer with v, which is √ᾱ times the noise less √(1−ᾱ) times the image.',
};

export function mount(panel, app) {
  const { element } = app;
  const model = () => app.about.models[app.model];
  const classes = classChoice(app, rest);
  const seed = seedField(rest, 'Seed of the noise');
  const t = slider('learn-t', 'Timestep t', 0, model().timesteps - 1, Math.round(0.4 * model().timesteps), value => value);
  const stride = slider('learn-stride', 'Timesteps that the step goes down', 1, Math.max(1, Math.round(model().timesteps / 4)), Math.max(1, Math.round(model().timesteps / 20)), value => value);
  const eta = slider('learn-eta', 'η, the share of DDPM’s noise', 0, 1, 0, value => value.toFixed(2), 0.05);
  const source = imageSource(app, { changed: look, seed: seedOf, classOf: classes.value, label: 'Learn' });
  const [noised, asked, step] = [1, 2, 3].map(() => element('div', { class: 'equation' }));
  const [noisedText, askedText, stepText] = [1, 2, 3].map(() => element('p', { class: 'quiet', 'aria-live': 'polite' }));
  const askedHow = element('p', {});
  let [timer, running] = [null, null];

  panel.classList.add('learn');
  panel.append(
    lesson(
      '1 · Noise',
      'Training takes an image apart: normal noise is mixed in, the more, the higher t. At the last t next to nothing of the image is left; generating begins there and goes back. Choose an image, or let the model draw one, and move t.',
      element('div', { class: 'start' }, source.box, element('div', { class: 'lesson' }, element('div', { class: 'sliders' }, t.box, classes.box, seed), noised, noisedText))),
    lesson('2 · What the network is asked', 'It is given the noisy image, t and the class, if there is one, and asked what in it is noise. From one answer the other follows: take that noise away, and what is left is its guess of the image.', askedHow, asked, askedText),
    lesson('3 · One step back, by hand', 'A sampler does not take the guess, which is vague while much is noise. It goes a little way: to an image with less noise, made of the guess, of the noise that was found, and, if η is above 0, of some new noise. Each term is a picture, and the next image is their sum (DDIM, eq. 12).', element('div', { class: 'sliders' }, stride.box, eta.box), step, stepText),
    race());
  [t, stride, eta].forEach(control => control.input.addEventListener('input', rest));

  function lesson(title, text, ...content) {
    return element('section', { class: 'lesson' }, element('h2', {}, title), element('p', {}, text), ...content);
  }

  function slider(id, name, min, max, value, format, size = 1) {
    const input = element('input', { type: 'range', id, min: String(min), max: String(max), step: String(size), value: String(value) });
    const output = element('output', { for: id }, format(value));
    input.addEventListener('input', () => { output.textContent = format(Number(input.value)); });
    return { input, value: () => Number(input.value), box: element('div', { class: 'field' }, element('label', { for: id }, `${name}: `, output), input) };
  }

  function seedOf() {
    return wholeNumber(seed.input.value, 'Seed');
  }

  function rest() {
    clearTimeout(timer);
    timer = setTimeout(look, patience);
  }

  async function look() {
    running?.abort();
    if (!source.image()) {
      [noised, asked, step].forEach(box => box.replaceChildren());
      return;
    }

    const own = running = new AbortController();
    try {
      app.fail(null);
      const body = { model: app.model, image: source.image(), class: classes.value(), seed: seedOf(), timestep: t.value(), stride: stride.value(), eta: eta.value() };
      show(body, await app.post('/api/learn/step', body, { signal: own.signal }));
    } catch (fault) {
      app.fail(fault);
    }
  }

  function show(body, found) {
    const [signal, noise] = [Math.sqrt(found.alphaBar), Math.sqrt(1 - found.alphaBar)];
    fill(noised, `${signal.toFixed(3)} ×`, figure(body.image, 'x₀, the image'), `+ ${noise.toFixed(3)} ×`, figure(found.noise, 'ε, the noise'), '=', figure(found.noisy, `xₜ at t = ${body.timestep}`));
    noisedText.textContent = `ᾱ = ${found.alphaBar.toPrecision(3)}: ${(100 * found.alphaBar).toFixed(1)} % of the variance is the image. Grey is 0; of the noise, black is −3 and white 3, of all others −1 and 1.`;
    askedHow.textContent = answers[model().prediction] ?? '';
    fill(asked, figure(found.noisy, 'what it is given'), '→', figure(found.answer, 'what it answers'), 'so', figure(found.answeredNoise, 'its ε'), 'beside', figure(found.noise, 'the true ε'), 'and', figure(found.predicted, 'its guess of x₀'));
    askedText.textContent = `Its noise is off by ${found.noiseError.toFixed(3)} (root mean square; guessing nothing is off by 1), its guess of the image by ${found.imageError.toFixed(3)}.`;
    const to = Math.sqrt(found.alphaBarPrevious);
    fill(step, figure(found.originalTerm, `${to.toFixed(3)} × guess of x₀`), '+', figure(found.directionTerm, `${found.directionScale.toFixed(3)} × its ε, the direction to xₜ`), '+', figure(found.noiseTerm, `${found.sigma.toFixed(3)} × new noise`), '=', figure(found.next, found.previous < 0 ? 'the image' : `x at t = ${found.previous}`));
    stepText.textContent = `From t = ${body.timestep} ${found.previous < 0 ? 'to the end' : `to ${found.previous}`}, ᾱ from ${found.alphaBar.toPrecision(3)} to ${found.alphaBarPrevious.toPrecision(3)}. ${found.sigma === 0 ? 'No noise is new: the way is fixed by where it began.' : 'The new noise makes the way random.'}`;
  }

  function fill(box, ...parts) {
    const terms = []; // a sign goes with the picture behind it
    let signs = [];
    for (const part of parts) {
      if (typeof part === 'string') {
        signs.push(element('span', { class: 'sign' }, part));
      } else {
        terms.push(element('div', { class: 'term' }, ...signs, part));
        signs = [];
      }
    }

    box.replaceChildren(...terms);
  }

  function race() {
    const steps = numberField('Steps of each', { min: 1, max: model().timesteps, value: Math.min(50, model().timesteps) });
    const button = element('button', { type: 'button', class: 'primary', id: 'learn-race' }, 'Run both');
    const stop = element('button', { type: 'button', hidden: true }, 'Stop');
    const said = element('p', { class: 'quiet', 'aria-live': 'polite' });
    const canvases = { ddim: [], ddpm: [] };
    const table = element('div', { class: 'race' });
    for (const [key, name] of [['ddim', 'DDIM'], ['ddpm', 'DDPM']]) {
      canvases[key] = [1, 2, 3, 4].map(run => element('canvas', { class: 'pixels', role: 'img', width: String(model().width), height: String(model().height), 'aria-label': `${name}, run ${run}: not run yet` }));
      table.append(element('span', { class: 'name' }, name), ...canvases[key]);
    }

    const different = {}; // by sampler: how many of its images at last
    let ended = null;
    stop.addEventListener('click', () => ended?.abort());
    button.addEventListener('click', async () => {
      ended = new AbortController();
      [button.disabled, stop.hidden] = [true, false];
      try {
        app.fail(null);
        await app.stream('/api/learn/race', { model: app.model, class: classes.value(), seed: seedOf(), steps: Math.round(Number(steps.input.value)) }, {
          frame({ sampler, step: at, steps: all, images }) {
            different[sampler] = new Set(images).size;
            images.forEach((png, i) => {
              canvases[sampler][i].setAttribute('aria-label', `${sampler.toUpperCase()}, run ${i + 1}, after step ${at} of ${all}`);
              paint(canvases[sampler][i], png);
            });
            said.textContent = `${sampler.toUpperCase()}, step ${at} of ${all}`;
          },
        }, { signal: ended.signal });
        said.textContent = `Done: DDIM came to ${different.ddim}, DDPM to ${different.ddpm} different image${different.ddpm === 1 ? '' : 's'}.`;
      } catch (fault) {
        app.fail(fault);
      } finally {
        [button.disabled, stop.hidden] = [false, true];
      }
    });
    return lesson('4 · DDPM and DDIM from the same noise', 'All runs begin with the same noise x_T, that of the seed above. DDIM draws none on its way (η = 0), so that the start decides the end: that is why a latent can stand for an image, and a walk lead from one to another. DDPM draws new noise at each step. With few steps it also shows: DDIM is done in 50 or fewer, DDPM needs hundreds.', element('div', { class: 'row' }, steps, button, stop), table, said);
  }

  return {
    show() {
      if (!source.image()) {
        source.clear();
      }
    },
    modelChanged() {
      classes.fill();
      t.input.max = String(model().timesteps - 1);
      source.clear();
    },
  };
}
