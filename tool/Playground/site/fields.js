// Controls that several tabs have.
import { Fault } from './ask.js';
import { element, field } from './dom.js';

/** A random seed, short enough to be read out. */
export const randomSeed = () => String(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000);

/** The classes of a model, 'none' first; null where it knows none. */
export function classField(model) {
  if (!model || model.classes.length === 0) {
    return null;
  }

  const select = element('select', {}, element('option', { value: '' }, 'none'), ...model.classes.map((name, i) => element('option', { value: i }, name)));
  const made = field('Class', select);
  return Object.assign(made, { select });
}

/** A seed, and a button for another one. */
export function seedField(onchange, label = 'Seed') {
  const input = element('input', { type: 'text', inputmode: 'numeric', spellcheck: 'false', autocomplete: 'off', value: '1', onchange });
  const another = element('button', {
    type: 'button',
    title: 'Another seed',
    'aria-label': `${label}: another one`,
    onclick: () => { input.value = randomSeed(); input.dispatchEvent(new Event('change')); },
  }, '↻');
  const made = field(label, input);
  made.append(element('div', { class: 'joined' }, input, another));
  return Object.assign(made, { input });
}

/** A number within limits. */
export function numberField(label, { min, max, step = 1, value, onchange, hint }) {
  const input = element('input', { type: 'number', min, max, step, value, onchange });
  return Object.assign(field(label, input, hint), { input });
}

/** What samplers are called. */
export const samplerNames = {
  own: 'the model’s own',
  ddim: 'DDIM',
  ddpm: 'DDPM',
  'dpm-solver': 'DPM-Solver++',
  'sde-dpm-solver': 'SDE-DPM-Solver++',
  unipc: 'UniPC',
  heun: 'Heun',
  euler: 'Euler',
};

/** A PNG as an image: small ones are enlarged, pixel by pixel. */
export const pixels = (base64, alt, attributes = {}) =>
  element('img', { class: 'pixels', src: `data:image/png;base64,${base64}`, alt, ...attributes });

/** The bytes of base 64. */
export const bytesOf = base64 => Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));

/** A whole number as the server takes it: any of 64 bits, as a text. */
export function wholeNumber(text, name) {
  if (!/^-?\d{1,19}$/.test(text.trim())) {
    throw new Fault(`${name} must be a whole number, but is “${text}”.`, 400);
  }

  return text.trim();
}
