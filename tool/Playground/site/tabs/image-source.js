// Where an image to work on comes from: a file that is dropped in or chosen, or one that the model draws. It is kept as the PNG of the model's size.
import { element } from '../dom.js';
import { bytesOf, classField, pixels } from '../fields.js';

/** Makes the box: image() is the PNG in base64 or null; changed is called with it. */
export function imageSource(app, { changed, label = 'Image', seed, classOf }) {
  let png = null;
  const canvas = element('canvas', { class: 'pixels', role: 'img', 'aria-label': 'No image yet' });
  const file = element('input', { type: 'file', accept: 'image/*,.tif,.tiff,.tga,.pbm,.pgm,.ppm', id: `file-${label.toLowerCase()}`, class: 'file' });
  const choose = element('label', { for: file.id, class: 'button' }, 'Choose a file');
  const draw = element('button', { type: 'button' }, 'Draw one');
  const hint = element('p', { class: 'quiet' }, 'A file may also be dropped on it. It stays on this machine.');
  const drop = element('div', { class: 'drop' }, canvas);
  const box = element('div', { class: 'source' }, drop, element('div', { class: 'row' }, file, choose, draw), hint);

  async function take(blob, name) {
    png = blob ? await base64(blob) : null;
    canvas.setAttribute('aria-label', png ? name : 'No image yet');
    if (png) {
      await paint(canvas, png);
    }

    changed(png);
  }

  const guarded = work => async (...args) => {
    try {
      app.fail(null);
      await work(...args);
    } catch (fault) {
      app.fail(fault);
    }
  };
  const open = guarded(async chosen => {
    if (chosen) {
      app.say('Reading the image');
      await take(await app.blob(`/api/edit/image?model=${app.model}`, chosen), 'Your image, in the size of the model');
      app.say('');
    }
  });
  file.addEventListener('change', () => open(file.files[0]));
  draw.addEventListener('click', guarded(async () => {
    draw.disabled = true;
    try {
      await app.stream('/api/edit/generate', { model: app.model, seed: seed(), class: classOf() }, {
        progress: ({ share }) => app.say(`Drawing an image, ${Math.round(100 * share)} %`),
        images: ({ images }) => take(blobOf(images[0]), 'An image that the model has drawn'),
      });
      app.say('');
    } finally {
      draw.disabled = false;
    }
  }));
  drop.addEventListener('dragover', event => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', event => {
    event.preventDefault();
    drop.classList.remove('over');
    open(event.dataTransfer.files[0]);
  });
  return {
    box, canvas, drop, draw,
    image: () => png,
    take,
    clear() {
      const { width, height } = app.about.models[app.model];
      Object.assign(canvas, { width, height });
      return take(null);
    },
  };
}

/** The bytes of a blob in base64. */
export const base64 = blob => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.addEventListener('load', () => resolve(reader.result.slice(reader.result.indexOf(',') + 1)));
  reader.addEventListener('error', () => reject(reader.error));
  reader.readAsDataURL(blob);
});

const blobOf = png => new Blob([bytesOf(png)], { type: 'image/png' });

/** Shows a PNG in base64 on a canvas of its size. */
export async function paint(canvas, png) {
  const image = await createImageBitmap(blobOf(png));
  Object.assign(canvas, { width: image.width, height: image.height });
  canvas.getContext('2d').drawImage(image, 0, 0);
}

/** A picture with a caption. */
export const figure = (png, caption, text = caption) => element('figure', {}, pixels(png, text), element('figcaption', {}, caption));

/** A choice of the classes of the model that is chosen. */
export function classChoice(app, onchange = () => {}) {
  const box = element('div', { onchange });
  let made = null;
  const fill = () => {
    made = classField(app.about.models[app.model]);
    box.replaceChildren(...made ? [made] : []);
    box.hidden = !made;
  };
  fill();
  return { box, fill, value: () => made && made.select.value !== '' ? Number(made.select.value) : null };
}
