// What a training shows: numbers, lines over the steps, images on the way, what was said. It draws what it is given and asks for nothing,
// so that the live tab and a finished run's report are the same page. Texts become text nodes only.

const series = [
    { key: 'points', name: 'training', style: 'tv-training' },
    { key: 'validations', name: 'validation', style: 'tv-validation' },
];
const states = {
    preparing: 'Preparing: images are read and options planned',
    running: 'Training',
    pausing: 'Pausing after this step',
    paused: 'Paused',
    stopping: 'Stopping after this step',
    finishing: 'Writing the model',
    done: 'Done',
    failed: 'Failed',
};
const shownPercentile = 0.98; // the losses of the first steps are above the frame
const betweenCharts = 2500; // ms: what a page draws costs the training its time
const margin = { left: 58, right: 26, top: 10, bottom: 40 };

export function createTrainingView(root, actions) {
    const run = { id: null, points: [], validations: [], messages: [], grids: [], progress: null, state: 'preparing' };
    const drawn = { state: null, at: 0 };
    const parts = build(root, actions);
    const chart = createChart(parts.chart, run);
    const images = createImages(parts, run);
    parts.scales.forEach(scale => scale.addEventListener('change', () => chart.draw(scaleOf(parts))));
    new ResizeObserver(() => chart.draw(scaleOf(parts))).observe(parts.chart);
    document.addEventListener('visibilitychange', () => show());

    function show() {
        if (document.hidden) {
            return; // nobody looks: the machine has better things to do
        }

        showState(parts, run, actions);
        if (run.state !== drawn.state || performance.now() - drawn.at > betweenCharts) {
            Object.assign(drawn, { state: run.state, at: performance.now() });
            chart.draw(scaleOf(parts));
        }
    }

    return {
        apply(update) {
            const isWhole = update.isWhole || update.run !== run.id;
            for (const key of ['points', 'validations', 'messages', 'grids']) {
                run[key] = isWhole ? [...update[key]] : run[key].concat(update[key]);
            }

            run.id = update.run;
            Object.assign(run, { progress: update.progress, state: update.state, title: update.title, text: update.text });
            if (isWhole || update.messages.length > 0) {
                showMessages(parts, run.messages);
            }

            if (isWhole || update.grids.length > 0) {
                images.update();
            }

            show();
        },
        lost(isLost) {
            parts.lost.hidden = !isLost;
        },
    };
}

function element(name, properties = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        key in made ? made[key] = value : made.setAttribute(key, value);
    }

    made.append(...children);
    return made;
}

function build(root, actions) {
    const parts = { facts: {} };
    parts.title = element('p', { className: 'tv-title' });
    parts.state = element('p', { className: 'tv-state', 'aria-live': 'polite' });
    parts.text = element('p', { className: 'tv-text' });
    parts.lost = element('p', { className: 'tv-lost', hidden: true, textContent: 'The connection to the training is lost. If it still runs, this page finds it again by itself.' });
    parts.bar = element('progress', { className: 'tv-bar', max: 1, value: 0, 'aria-label': 'Share of the training that is done' });
    parts.buttons = element('div', { className: 'tv-buttons', hidden: !actions });
    if (actions) {
        buildButtons(parts, actions);
    }

    const facts = element('dl', { className: 'tv-facts' });
    for (const name of ['Loss', 'Validation loss', 'Images a second', 'Time left', 'Time', 'Learning rate', 'Epoch']) {
        parts.facts[name] = element('dd');
        facts.append(element('div', {}, element('dt', { textContent: name }), parts.facts[name]));
    }

    buildChart(parts);
    buildImages(parts);
    parts.messages = element('ul', { className: 'tv-messages' });
    parts.messageBox = element('section', { hidden: true }, element('h3', { textContent: 'What it said' }), parts.messages);
    root.classList.add('training-view');
    root.append(
        element('div', { className: 'tv-head' }, element('div', {}, parts.title, parts.state), parts.buttons),
        parts.bar, parts.text, parts.lost, facts, parts.chartBox, parts.imageBox, parts.messageBox);
    return parts;
}

function buildButtons(parts, actions) {
    parts.pause = element('button', { type: 'button', id: 'train-pause', textContent: 'Pause' });
    parts.stop = element('button', { type: 'button', id: 'train-stop', textContent: 'Stop and keep' });
    parts.sure = element('button', { type: 'button', id: 'train-stop-sure', className: 'tv-danger', textContent: 'End it now', hidden: true });
    parts.pause.addEventListener('click', () => actions.send(parts.pause.dataset.action));
    const ask = isAsked => {
        parts.sure.hidden = !isAsked;
        parts.stop.textContent = isAsked ? 'Go on training' : 'Stop and keep';
        parts.stop.setAttribute('aria-expanded', isAsked);
    };
    parts.stop.addEventListener('click', () => {
        ask(parts.sure.hidden);
        if (!parts.sure.hidden) {
            parts.sure.focus();
        }
    });
    parts.sure.addEventListener('click', () => {
        ask(false);
        actions.send('stop');
    });
    parts.buttons.append(parts.pause, parts.stop, parts.sure);
}

function buildChart(parts) {
    parts.scales = ['linear', 'log'].map((name, i) => element('input', { type: 'radio', name: 'tv-scale', value: name, checked: i === 0 }));
    parts.readout = element('p', { className: 'tv-readout' });
    parts.chart = element('div', { className: 'tv-chart' });
    parts.chartBox = element(
        'section',
        {},
        element(
            'div',
            { className: 'tv-row' },
            element('h3', { textContent: 'Loss over the steps' }),
            element('fieldset', { className: 'tv-scale' }, element('legend', { textContent: 'Axis' }), ...parts.scales.map(scale => element('label', {}, scale, scale.value)))),
        element('p', { className: 'tv-legend' }, ...series.map(line => element('span', { className: line.style }, line.name))),
        parts.chart,
        parts.readout);
}

function buildImages(parts) {
    parts.canvas = element('canvas', { className: 'tv-images', role: 'img' });
    parts.scrubber = element('input', { type: 'range', id: 'train-grid', min: 0, max: 0, value: 0 });
    parts.gridName = element('label', { htmlFor: 'train-grid' });
    parts.imageBox = element(
        'section',
        { hidden: true },
        element('h3', { textContent: 'What it draws' }),
        element('p', { className: 'tv-hint', textContent: 'From the same noise at every tenth of the training, with the averaged weights that the model keeps.' }),
        parts.canvas,
        element('div', { className: 'tv-scrub' }, parts.scrubber, parts.gridName));
}

function scaleOf(parts) {
    return parts.scales.find(scale => scale.checked).value;
}

function showState(parts, run, actions) {
    const at = run.progress;
    const steps = at ? `step ${whole(at.step)} of ${run.state === 'done' || run.state === 'failed' ? '' : 'about '}${whole(run.state === 'done' ? at.step : at.expectedSteps)}` : '';
    const state = [states[run.state], steps].filter(Boolean).join(' · ');
    parts.title.textContent = run.title;
    parts.state.dataset.state = run.state;
    if (parts.state.textContent !== state) {
        parts.state.setAttribute('aria-live', parts.state.dataset.said === run.state ? 'off' : 'polite'); // not every step is read out
        parts.state.dataset.said = run.state;
        parts.state.textContent = state;
    }

    parts.text.textContent = run.text ?? '';
    parts.bar.value = at?.fraction ?? 0;
    const isOver = run.state === 'done' || run.state === 'failed';
    const facts = {
        'Loss': loss(at?.loss),
        'Validation loss': loss(at?.validationLoss),
        'Images a second': at ? (at.imagesPerSecond < 10 ? at.imagesPerSecond.toFixed(1) : whole(Math.round(at.imagesPerSecond))) : '–',
        'Time left': at && !isOver ? time(at.remaining) : '–',
        'Time': at ? time(at.elapsed) : '–',
        'Learning rate': at ? at.learningRate.toPrecision(3) : '–',
        'Epoch': at ? at.epoch.toFixed(at.epoch < 10 ? 2 : 0) : '–',
    };
    for (const [name, value] of Object.entries(facts)) {
        parts.facts[name].textContent = value;
    }

    if (actions) {
        const isWaiting = run.state === 'paused' || run.state === 'pausing';
        parts.pause.dataset.action = isWaiting ? 'resume' : 'pause';
        parts.pause.textContent = isWaiting ? 'Resume' : 'Pause';
        parts.pause.disabled = !(isWaiting || run.state === 'running');
        parts.stop.disabled = parts.pause.disabled;
        parts.sure.hidden ||= parts.pause.disabled;
        parts.buttons.hidden = isOver;
    }
}

function showMessages(parts, messages) {
    parts.messageBox.hidden = messages.length === 0;
    parts.messages.replaceChildren(...messages.map(message => element(
        'li',
        { className: message.isWarning ? 'tv-warning' : '' },
        element('span', { className: 'tv-when', textContent: `${message.isWarning ? 'Warning, ' : ''}${message.step === 0 ? 'before the first step' : `step ${whole(message.step)}`}` }),
        element('span', { className: 'tv-said', textContent: message.text }))));
}

// Images: a file holds them side by side; here they fill rows as wide as the page.
function createImages(parts, run) {
    const decoded = new Map();
    let follows = true;
    parts.scrubber.addEventListener('input', () => {
        follows = Number(parts.scrubber.value) === run.grids.length - 1;
        show();
    });
    new ResizeObserver(() => show()).observe(parts.imageBox);

    async function show() {
        const index = Number(parts.scrubber.value);
        const grid = run.grids[index];
        if (!grid) {
            return;
        }

        const name = `After step ${whole(grid.step)}, ${index + 1} of ${run.grids.length}`;
        parts.gridName.textContent = name;
        parts.scrubber.setAttribute('aria-valuetext', name);
        parts.canvas.setAttribute('aria-label', `${grid.count} images that the model drew. ${name}`);
        if (!decoded.has(grid)) {
            const bytes = Uint8Array.from(atob(grid.png), letter => letter.charCodeAt(0));
            decoded.set(grid, createImageBitmap(new Blob([bytes], { type: 'image/png' })));
        }

        const strip = await decoded.get(grid);
        if (run.grids[Number(parts.scrubber.value)] === grid) {
            paint(parts.canvas, strip, grid.count, parts.imageBox.clientWidth);
        }
    }

    return {
        update() {
            for (const grid of decoded.keys()) {
                if (!run.grids.includes(grid)) {
                    decoded.delete(grid);
                }
            }

            parts.imageBox.hidden = run.grids.length === 0;
            parts.scrubber.max = Math.max(0, run.grids.length - 1);
            if (follows || Number(parts.scrubber.value) >= run.grids.length) {
                parts.scrubber.value = run.grids.length - 1;
            }

            show();
        },
    };
}

function paint(canvas, strip, count, width) {
    const gap = 1;
    const side = (strip.width + gap) / count - gap;
    const square = Math.ceil(Math.sqrt(count));
    const columns = Math.min(count, width >= 4 * square * side ? 2 * square : square); // in two rows where each is then shown twice as large at least
    const rows = Math.ceil(count / columns);
    canvas.width = columns * (side + gap) - gap;
    canvas.height = rows * (strip.height + gap) - gap;
    canvas.style.width = `${Math.min(width, canvas.width * Math.max(1, Math.floor(Math.min(width, 720) / canvas.width)))}px`;
    const context = canvas.getContext('2d');
    for (let i = 0; i < count; i++) {
        context.drawImage(
            strip, i * (side + gap), 0, side, strip.height,
            (i % columns) * (side + gap), Math.floor(i / columns) * (strip.height + gap), side, strip.height);
    }
}

// The chart: lines over the steps by hand, as wide as the page, its texts as large as those beside it.
function createChart(box, run) {
    const tag = (name, attributes, text) => {
        const made = document.createElementNS('http://www.w3.org/2000/svg', name);
        Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
        made.textContent = text ?? '';
        return made;
    };
    const readout = box.parentElement.querySelector('.tv-readout');
    let axes = null;
    box.addEventListener('pointermove', event => axes && read(event.clientX - box.getBoundingClientRect().left));
    box.addEventListener('pointerleave', () => read(null));

    function read(x) {
        box.querySelector('.tv-cursor')?.remove();
        readout.textContent = '';
        if (x === null) {
            return;
        }

        const step = axes.step(x);
        const nearest = list => list.length === 0 ? null : list.reduce((best, point) => Math.abs(point[0] - step) < Math.abs(best[0] - step) ? point : best);
        const [point, validation] = [nearest(run.points), nearest(run.validations)];
        if (point) {
            const place = axes.x(point[0]);
            box.firstElementChild.append(tag('line', { class: 'tv-cursor', x1: place, x2: place, y1: margin.top, y2: axes.bottom }));
            readout.textContent = `Step ${whole(Math.round(point[0]))}: loss ${loss(point[1])}${validation ? `, validation ${loss(validation[1])}` : ''}, learning rate ${point[2].toPrecision(3)}, ${whole(Math.round(point[3] ?? 0))} images a second`;
        }
    }

    return {
        draw(scale) {
            const width = box.clientWidth;
            if (width === 0) {
                return;
            }

            const height = Math.round(Math.min(360, Math.max(220, width * 0.42)));
            const svg = tag('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': describe(run, scale) });
            axes = createAxes(run, scale, width, height);
            for (const value of axes.yTicks) {
                svg.append(
                    tag('line', { class: 'tv-grid', x1: margin.left, x2: width - margin.right, y1: axes.y(value), y2: axes.y(value) }),
                    tag('text', { x: margin.left - 8, y: axes.y(value) + 4, 'text-anchor': 'end' }, tickText(value)));
            }

            for (const step of axes.xTicks) {
                svg.append(tag('text', { x: axes.x(step), y: axes.bottom + 18, 'text-anchor': 'middle' }, whole(step)));
            }

            svg.append(tag('text', { x: (margin.left + width - margin.right) / 2, y: height - 4, 'text-anchor': 'middle' }, 'step'));
            for (const line of series) {
                const shown = run[line.key].filter(point => point[1] !== null && (scale !== 'log' || point[1] > 0));
                const places = shown.map(point => `${axes.x(point[0]).toFixed(1)},${axes.y(point[1]).toFixed(1)}`);
                svg.append(tag('polyline', { class: line.style, points: places.join(' ') }));
                if (line.key === 'validations' && shown.length <= 60) {
                    places.forEach(place => svg.append(tag('circle', { class: line.style, r: 3, cx: place.split(',')[0], cy: place.split(',')[1] })));
                }
            }

            box.replaceChildren(svg);
        },
    };
}

function createAxes(run, scale, width, height) {
    const bottom = height - margin.bottom;
    const values = [...run.points, ...run.validations].map(point => point[1]).filter(value => value !== null && (scale !== 'log' || value > 0)).sort((a, b) => a - b);
    const lowest = values[0] ?? 0.1;
    const usual = values[Math.floor((values.length - 1) * shownPercentile)] ?? 1;
    const last = Math.max(1, run.points.at(-1)?.[0] ?? 1, run.validations.at(-1)?.[0] ?? 1);
    const [low, high] = scale === 'log' ? [lowest / 1.1, Math.max(values.at(-1) ?? 1, lowest * 1.5) * 1.1] : [0, 1.1 * usual];
    const share = value => scale === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    const x = step => margin.left + (width - margin.left - margin.right) * step / last;
    return {
        bottom,
        x,
        y: value => Math.max(margin.top, bottom - (bottom - margin.top) * share(value)),
        step: place => (place - margin.left) / (width - margin.left - margin.right) * last,
        xTicks: linearTicks(0, last, Math.max(2, Math.floor(width / 130))).filter(Number.isInteger),
        yTicks: scale === 'log' ? logTicks(low, high) : linearTicks(low, high, 5),
    };
}

function linearTicks(low, high, count) {
    const raw = (high - low) / count;
    const unit = 10 ** Math.floor(Math.log10(raw));
    const between = [1, 2, 5, 10].map(factor => factor * unit).find(candidate => candidate >= raw);
    const ticks = [];
    for (let i = Math.ceil(low / between); i * between <= high; i++) {
        ticks.push(Number((i * between).toPrecision(12)));
    }

    return ticks;
}

function logTicks(low, high) {
    const factors = high / low > 1000 ? [1] : high / low > 30 ? [1, 3] : [1, 1.5, 2, 3, 5, 7];
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); 10 ** power <= high; power++) {
        ticks.push(...factors.map(factor => Number((factor * 10 ** power).toPrecision(6))).filter(tick => tick >= low && tick <= high));
    }

    return ticks;
}

function describe(run, scale) {
    const [first, last] = [run.points[0], run.points.at(-1)];
    return first
        ? `Loss over the steps, ${scale} axis: from ${loss(first[1])} at step ${whole(Math.round(first[0]))} to ${loss(last[1])} at step ${whole(Math.round(last[0]))}${run.validations.length > 0 ? `; validation last ${loss(run.validations.at(-1)[1])}` : ''}`
        : 'Loss over the steps: none yet';
}

function tickText(value) {
    return value === 0 ? '0' : value >= 1000 || value < 0.001 ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}

function loss(value) {
    return value === null || value === undefined ? '–' : value.toFixed(4);
}

function whole(number) {
    return number.toLocaleString('en');
}

function time(seconds) {
    const all = Math.round(seconds);
    const [hours, rest] = [Math.floor(all / 3600), all % 3600];
    return [hours, Math.floor(rest / 60), rest % 60].map(part => String(part).padStart(2, '0')).join(':');
}
