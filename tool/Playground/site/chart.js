// The path of a sampler: alpha-bar, the share of signal, and sigma, the noise in units of the signal, over its steps.
const svg = (tag, attributes, ...children) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value);
  }

  made.append(...children);
  return made;
};

const width = 320;
const height = 96;
const left = 34;
const right = 8;
const top = 6;
const bottom = 18;

/** Draws one line over the steps; at(i) moves its mark, and the value that is told, to after i steps. */
function line(values, { name, ticks, place, text }) {
  const x = i => left + (width - left - right) * i / Math.max(1, values.length - 1);
  const y = value => top + (height - top - bottom) * (1 - place(value));
  const points = values.map((value, i) => [x(i), y(value)]);
  const mark = svg('circle', { r: 4, class: 'mark', cx: x(0), cy: y(values[0]) });
  const value = document.createElement('output');
  const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${name} over the steps, from ${text(values[0])} to ${text(values.at(-1))}` },
    ...ticks.flatMap(tick => [
      svg('line', { class: 'grid', x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      svg('text', { class: 'tick', x: left - 5, y: y(tick) + 3, 'text-anchor': 'end' }, text(tick)),
    ]),
    svg('text', { class: 'tick', x: left, y: height - 4 }, 'noise'),
    svg('text', { class: 'tick', x: width - right, y: height - 4, 'text-anchor': 'end' }, `step ${values.length - 1}`),
    svg('polyline', { class: 'line', points: points.map(point => point.map(v => v.toFixed(1)).join(',')).join(' ') }),
    ...(values.length <= 60 ? points.map(([cx, cy]) => svg('circle', { r: 1.6, class: 'dot', cx, cy })) : []),
    mark);
  const at = i => {
    mark.setAttribute('cx', x(i));
    mark.setAttribute('cy', y(values[i]));
    value.textContent = text(values[i]);
  };
  at(0);
  return { chart, value, at };
}

const short = value => value === 0 ? '0' : value >= 1000 || value < 0.01 ? value.toExponential(0) : String(Number(value.toPrecision(2)));

/** Both charts of a path into two figures; gives what moves their marks to after so many steps. */
export function drawPath(container, alphaBars) {
  const least = 1e-3;
  const most = 100;
  const sigmas = alphaBars.map(alphaBar => Math.sqrt((1 - alphaBar) / alphaBar));
  const log = sigma => (Math.log10(Math.min(most, Math.max(least, sigma))) - Math.log10(least)) / (Math.log10(most) - Math.log10(least));
  const signal = line(alphaBars, { name: 'alpha-bar', ticks: [0, 0.5, 1], place: value => value, text: short });
  const noise = line(sigmas, { name: 'sigma', ticks: [0.01, 1, 100], place: log, text: short });
  const figure = ({ chart, value }, words) => {
    const caption = document.createElement('figcaption');
    caption.append(words, value);
    const made = document.createElement('figure');
    made.append(caption, chart);
    return made;
  };
  container.replaceChildren(figure(signal, 'ᾱ, the share of signal'), figure(noise, 'σ, the noise in units of the signal'));
  return i => { signal.at(i); noise.at(i); };
}
