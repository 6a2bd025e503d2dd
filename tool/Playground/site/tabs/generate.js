// Generate: images on their way out of the noise.
import { drawPath } from '../chart.js';
import { bytesOf, classField, numberField, pixels, randomSeed, samplerNames, seedField, wholeNumber } from '../fields.js';

export function mount(panel, app) {
  const { element, field } = app;
  const limits = app.about.parts.generate;
  let run = null; // what is on show: its query, frames by step, final images
  let shown = null; // its part of the address
  let stop = null; // ends the run that goes on
  let chosen = 0; // the image of the large view
  let moveMark = () => {};

  // The controls.
  const sampler = element('select', { onchange: () => { steps.input.value = stepsOf(sampler.value); samplerChanged(); } });
  const seed = seedField();
  const steps = numberField('Steps', { min: 1, max: limits.mostSteps, value: 50, onchange: showPath });
  const eta = numberField('Eta', { min: 0, max: 1, step: 'any', value: 0, hint: '0 draws no noise, 1 that of DDPM' });
  const guidance = numberField('Guidance', { min: 0, max: 20, step: 'any', value: 1, hint: '1 is not at all' });
  const count = numberField('Images', { min: 1, max: limits.mostImages, value: 1 });
  const classes = element('div', { class: 'wide' });
  const go = element('button', { class: 'primary', type: 'submit' }, 'Generate');
  const cancel = element('button', { type: 'button', onclick: () => stop?.abort(), hidden: true }, 'Stop');
  const form = element('form', { class: 'controls', 'aria-label': 'What to generate', onsubmit: event => { event.preventDefault(); generate(); } },
    element('div', { class: 'fields' }, classes, wide(seed), wide(field('Sampler', sampler)), steps, count, guidance, eta),
    element('div', { class: 'row' }, go, cancel));

  // What is shown.
  const noisy = element('figure', {}, element('div', { class: 'frame' }), element('figcaption', {}, 'x', element('sub', {}, 't'), ', as it is'));
  const predicted = element('figure', {}, element('div', { class: 'frame' }), element('figcaption', {}, 'x', element('sub', {}, '0'), ', as predicted'));
  const slider = element('input', { type: 'range', min: 0, max: 0, value: 0, disabled: true, oninput: showFrame, 'aria-label': 'Step', id: 'step' });
  const stepText = element('output', { for: 'step', class: 'quiet' }, '');
  const thumbs = element('div', { class: 'images thumbs', role: 'group', 'aria-label': 'Images' });
  const path = element('div', { class: 'charts' });
  const savePng = action('Save PNG', () => app.save(new Blob([bytesOf(run.images[chosen])], { type: 'image/png' }), fileName('png')));
  const saveGif = action('Save GIF', async () => {
    app.say('Making the GIF…');
    app.save(await app.blob('/api/generate/gif', run.query), fileName('gif'));
    app.say('The GIF is saved.');
  });
  const copyCode = action('Copy as C#', async () => {
    const { code } = await app.post('/api/generate/code', run.query);
    codeBox.textContent = code;
    codeBox.hidden = false;
    await navigator.clipboard?.writeText(code).then(() => app.say('The program is copied.'), () => app.say('The program is below.'));
  });
  const codeBox = element('pre', { id: 'code', tabindex: 0, 'aria-label': 'Program in C#', hidden: true });
  const stage = element('div', { class: 'stage' },
    element('div', { class: 'pair' }, noisy, predicted),
    element('div', { class: 'scrub' }, slider, stepText),
    thumbs,
    element('div', { class: 'row' }, savePng, saveGif, copyCode),
    codeBox,
    path);
  panel.replaceChildren(element('div', { class: 'sides' }, form, stage));

  function wide(made) {
    made.classList.add('wide');
    return made;
  }

  function action(text, act) {
    return element('button', { type: 'button', disabled: true, onclick: () => Promise.resolve().then(act).catch(app.fail) }, text);
  }

  const model = () => app.about.models[app.model];
  const fileName = type => `${model().name.replace(/\.zip$/, '')}-${run.query.seed}${type === 'png' && run.images.length > 1 ? `-${chosen}` : ''}.${type}`;
  const stepsOf = name => name === 'own' || name === model().sampler ? model().steps : Math.min(model().timesteps, app.about.samplers.find(other => other.name === name).steps);

  function samplerChanged() {
    eta.hidden = sampler.value !== 'ddim';
    showPath();
  }

  // Fills in the controls from the address, or as the model itself would generate.
  function fill(state) {
    const names = [...(model().sampler === 'own' ? ['own'] : []), ...app.about.samplers.map(other => other.name)];
    sampler.replaceChildren(...names.map(name => element('option', { value: name }, samplerNames[name])));
    const made = classField(model());
    classes.replaceChildren(...(made ? [made] : []));
    classes.select = made?.select;
      if (made) {
      made.select.value = state.get('class') ?? (state.size > 0 ? '' : '0');
    }

    sampler.value = names.includes(state.get('sampler')) ? state.get('sampler') : model().sampler;
    seed.input.value = state.get('seed') ?? randomSeed();
    steps.input.value = state.get('steps') ?? stepsOf(sampler.value);
    eta.input.value = state.get('eta') ?? model().eta;
    guidance.input.value = state.get('guidance') ?? model().guidance;
    guidance.hidden = !made;
    count.input.value = state.get('count') ?? 1;
    samplerChanged();
  }

  function query() {
    return {
      model: app.model,
      class: classes.select?.value ? Number(classes.select.value) : null,
      seed: wholeNumber(seed.input.value, 'Seed'),
      sampler: sampler.value,
      steps: Number(steps.input.value),
      eta: eta.hidden ? 0 : Number(eta.input.value),
      guidance: guidance.hidden ? 1 : Number(guidance.input.value),
      count: Number(count.input.value),
    };
  }

  function keepState(asked) {
    const { model: _, eta: noise, ...state } = asked;
    app.setState('generate', { ...state, class: state.class ?? '', eta: noise || null });
    shown = app.state('generate').toString();
  }

  async function showPath() {
    try {
      const { alphaBars } = await app.post('/api/generate/path', { ...query(), seed: 0, count: 1 });
      moveMark = drawPath(path, alphaBars);
      showFrame();
    } catch {
      path.replaceChildren(); // what is wrong is told when it is generated
    }
  }

  async function generate() {
    stop?.abort();
    const ended = stop = new AbortController();
    app.fail(null);
    try {
      const asked = query();
      keepState(asked);
      run = { query: asked, frames: new Map(), kept: [], images: null, quarter: 0 };
      begin();
      await app.stream('/api/generate', asked, {
        queued: ({ before }) => app.say(`Waiting: ${before} before this one.`),
        start: ({ kept, steps: all }) => { run.kept = kept; run.steps = all; },
        frame: addFrame,
        done: finish,
      }, { signal: ended.signal });
    } catch (fault) {
      if (fault.name === 'AbortError') {
        app.say('Stopped.');
      } else {
        app.say('');
        app.fail(fault);
      }
    } finally {
      if (stop === ended) {
        stop = null;
        cancel.hidden = true;
        delete panel.dataset.busy;
      }
    }
  }

  function begin() {
    chosen = 0;
    panel.dataset.busy = '';
    delete panel.dataset.done;
    cancel.hidden = false;
    codeBox.hidden = true;
    app.say('Generating…');
    for (const button of [savePng, saveGif]) {
      button.disabled = true;
    }

    copyCode.disabled = false;
    slider.disabled = true;
    const blank = Array.from({ length: run.query.count }, (_, i) => element('button', {
      type: 'button', 'aria-label': `Image ${i + 1}`, 'aria-pressed': i === 0, onclick: () => choose(i),
    }, element('span', { class: 'blank' })));
    thumbs.replaceChildren(...blank);
    thumbs.hidden = run.query.count === 1;
  }

  function addFrame({ step, alphaBar, first, x, x0 }) {
    const frame = run.frames.get(step) ?? { step, alphaBar, x: [], x0: [] };
    x.forEach((image, i) => { frame.x[first + i] = image; frame.x0[first + i] = x0[i]; });
    run.frames.set(step, frame);
    x.forEach((image, i) => showThumb(first + i, image));
    slider.max = run.kept.length - 1;
    slider.value = run.kept.indexOf(step);
    slider.disabled = false;
    const quarter = Math.floor(4 * (step + 1) / run.steps);
    if (quarter > run.quarter) { // what is said is read out: not every step
      run.quarter = quarter;
      app.say(`Generating… step ${step + 1} of ${run.steps}`);
    }

    showFrame();
  }

  function finish({ images, seconds, calls }) {
    run.images = images;
    images.forEach((image, i) => showThumb(i, image));
    savePng.disabled = saveGif.disabled = false;
    app.say(`${images.length === 1 ? 'One image' : `${images.length} images`} in ${seconds.toFixed(2)} s, ${calls} network calls.`);
    showFrame();
    panel.dataset.done = '';
  }

  function showThumb(i, image) {
    thumbs.children[i].replaceChildren(pixels(image, ''));
  }

  function choose(i) {
    chosen = i;
    [...thumbs.children].forEach((button, other) => button.setAttribute('aria-pressed', other === i));
    showFrame();
  }

  function showFrame() {
    const step = run?.kept[slider.value];
    const frame = run?.frames.get(step);
    if (!frame?.x[chosen]) {
      return;
    }

    const isLast = run.images && step === run.steps - 1;
    const name = className();
    noisy.firstChild.replaceChildren(pixels(isLast ? run.images[chosen] : frame.x[chosen], isLast ? `The finished image${name}` : `The image${name} after step ${step + 1}`, { id: 'x' }));
    predicted.firstChild.replaceChildren(pixels(frame.x0[chosen], `The image${name} that the network predicts in step ${step + 1}`, { id: 'x0' }));
    const sigma = Math.sqrt((1 - frame.alphaBar) / frame.alphaBar);
    stepText.textContent = `Step ${step + 1} of ${run.steps} · ᾱ ${frame.alphaBar.toFixed(3)} · σ ${sigma < 100 ? sigma.toFixed(2) : sigma.toPrecision(2)}`;
    slider.setAttribute('aria-valuetext', stepText.textContent);
    moveMark(Math.min(step + 1, run.steps));
  }

  const className = () => run.query.class === null ? '' : ` of ${model().classes[run.query.class]}`;

  return {
    show(state) {
      if (run && state.toString() === shown) {
        return; // the way back from another tab
      }

      fill(state);
      if (state.size > 0) {
        generate(); // somebody's link
      }
    },
    modelChanged() {
      stop?.abort();
      fill(new URLSearchParams());
    },
  };
}
