// Compare: one seed in a matrix of samplers by steps, of one model or two.
import { classField, numberField, pixels, samplerNames, seedField, wholeNumber, randomSeed } from '../fields.js';

export function mount(panel, app) {
  const { element, field } = app;
  let shown = null; // the part of the address of what is on show
  let stop = null;

  const seed = seedField();
  const guidance = numberField('Guidance', { min: 0, max: 20, step: 'any', value: 1, hint: '1 is not at all' });
  const steps = field('Steps', element('input', { type: 'text', id: 'compare-steps', inputmode: 'numeric', autocomplete: 'off' }), 'numbers with commas between');
  const stepsInput = steps.querySelector('input');
  const classes = element('div', { class: 'wide' });
  const samplers = choices('Samplers', [...app.about.samplers.map(sampler => [sampler.name, samplerNames[sampler.name]])]);
  const models = choices('Models', app.about.models.map((model, i) => [String(i), model.name]));
  models.hidden = app.about.models.length < 2;
  const go = element('button', { class: 'primary', type: 'submit' }, 'Compare');
  const cancel = element('button', { type: 'button', hidden: true, onclick: () => stop?.abort() }, 'Stop');
  const form = element('form', { class: 'controls', 'aria-label': 'What to compare', onsubmit: event => { event.preventDefault(); compare(); } },
    element('div', { class: 'fields' }, classes, wide(seed), wide(steps), wide(guidance), wide(samplers), wide(models)),
    element('div', { class: 'row' }, go, cancel));
  const result = element('div', { class: 'matrices' }, element('p', { class: 'quiet' }, 'One seed, by each sampler in each number of steps: what do more steps buy?'));
  panel.replaceChildren(element('div', { class: 'sides' }, form, result));

  function wide(made) {
    made.classList.add('wide');
    return made;
  }

  function choices(title, all) {
    const boxes = all.map(([value, text]) => {
      const box = element('input', { type: 'checkbox', value });
      return { box, label: element('label', { class: 'check' }, box, text) };
    });
    return Object.defineProperty(element('fieldset', {}, element('legend', {}, title), ...boxes.map(choice => choice.label)), 'values', {
      get: () => boxes.filter(choice => choice.box.checked).map(choice => choice.box.value),
      set: values => boxes.forEach(choice => { choice.box.checked = values.includes(choice.box.value); }),
    });
  }

  const firstModel = () => app.about.models[Number(models.values[0] ?? app.model)];

  function fill(state) {
    const list = (name, other) => state.get(name)?.split(',').filter(Boolean) ?? other;
    models.values = list('models', app.about.models.map((_, i) => String(i)));
    const made = classField(firstModel());
    classes.replaceChildren(...(made ? [made] : []));
    classes.select = made?.select;
    if (made) {
      made.select.value = state.get('class') ?? (state.size > 0 ? '' : '0');
    }

    samplers.values = list('samplers', ['ddim', 'dpm-solver', 'unipc', 'heun']);
    stepsInput.value = list('steps', ['5', '10', '20', '50'].filter(count => Number(count) <= firstModel().timesteps)).join(', ');
    seed.input.value = state.get('seed') ?? randomSeed();
    guidance.input.value = state.get('guidance') ?? firstModel().guidance;
    guidance.hidden = !made;
  }

  function query() {
    return {
      models: models.hidden ? [app.model] : models.values.map(Number),
      class: classes.select?.value ? Number(classes.select.value) : null,
      seed: wholeNumber(seed.input.value, 'Seed'),
      guidance: guidance.hidden ? 1 : Number(guidance.input.value),
      samplers: samplers.values,
      steps: stepsInput.value.split(/[,\s]+/).filter(Boolean).map(text => Number(wholeNumber(text, 'Each number of steps'))),
    };
  }

  function keepState(asked) {
    app.setState('compare', {
      ...asked,
      models: models.hidden ? null : asked.models.join(','),
      class: asked.class ?? '',
      samplers: asked.samplers.join(','),
      steps: asked.steps.join(','),
    });
    shown = app.state('compare').toString();
  }

  async function compare() {
    stop?.abort();
    const ended = stop = new AbortController();
    app.fail(null);
    try {
      const asked = query();
      keepState(asked);
      const cells = layOut(asked);
      let done = 0;
      delete panel.dataset.done;
      cancel.hidden = false;
      app.say('Comparing…');
      await app.stream('/api/compare', asked, {
        queued: ({ before }) => app.say(`Waiting: ${before} before this one.`),
        cell(cell) {
          fillCell(cells.get(`${cell.model} ${cell.sampler} ${cell.steps}`), cell);
          app.say(`${++done} of ${cells.size} images`);
        },
      }, { signal: ended.signal });
      panel.dataset.done = '';
    } catch (fault) {
      app.say(fault.name === 'AbortError' ? 'Stopped.' : '');
      app.fail(fault);
    } finally {
      if (stop === ended) {
        stop = null;
        cancel.hidden = true;
      }
    }
  }

  // A table for each model: samplers down, steps across.
  function layOut(asked) {
    const cells = new Map();
    const table = index => {
      const model = app.about.models[index];
      const head = element('tr', {}, element('td', {}), ...asked.steps.map(count => element('th', { scope: 'col' }, `${count} ${count === 1 ? 'step' : 'steps'}`)));
      const rows = asked.samplers.map(sampler => element('tr', {}, element('th', { scope: 'row' }, samplerNames[sampler]), ...asked.steps.map(count => {
        const cell = element('td', {}, element('span', { class: 'blank' }));
        cells.set(`${index} ${sampler} ${count}`, cell);
        return cell;
      })));
      return element('div', {}, asked.models.length > 1 ? element('h2', {}, model.name, ...noClass(model, asked)) : null,
        element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `Images of ${model.name}` }, element('table', { class: 'matrix' }, head, ...rows)));
    };
    result.replaceChildren(...asked.models.map(table));
    return cells;
  }

  // Another model's class has the same name, or there is none.
  function noClass(model, asked) {
    const name = asked.class === null ? null : firstModel().classes[asked.class];
    return name === null || model.classes.includes(name) ? [] : [element('small', {}, ' has no such class: without one')];
  }

  function fillCell(cell, { image, seconds, calls, sampler, steps: count }) {
    const time = seconds < 1 ? `${(1000 * seconds).toFixed(0)} ms` : `${seconds.toFixed(1)} s`;
    cell.replaceChildren(element('figure', {},
      pixels(image, `${samplerNames[sampler]}, ${count} ${count === 1 ? 'step' : 'steps'}`),
      element('figcaption', {}, time, element('br'), `${calls} ${calls === 1 ? 'call' : 'calls'}`)));
  }

  return {
    show(state) {
      if (shown && state.toString() === shown) {
        return;
      }

      fill(state);
      if (state.size > 0) {
        compare();
      }
    },
    modelChanged() {
      stop?.abort();
      fill(new URLSearchParams());
    },
  };
}
