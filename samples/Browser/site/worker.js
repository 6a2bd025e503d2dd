// Runs the model beside the page, which therefore stays alive. Messages in: { seed, first, count, label, guidance } ; out: { ready } once, then { image, pixels, milliseconds } of each
// image, or { fault, isFatal }. A page that has enough ends the worker.
import { normals, Stream } from './noise.js';

const model = await (await fetch('model.json')).json();
const length = model.channels * model.height * model.width;
let run;
try {
  run = await start();
} catch (fault) {
  postMessage({ fault: `The model cannot be used here. ${fault}`, isFatal: true });
}

// On the graphics card where the browser lets us; else on the processor, on all cores if the page is isolated from others (its server's headers say so).
async function start() {
  const hasCard = 'gpu' in navigator && await navigator.gpu.requestAdapter().catch(() => null);
  const ort = await import(hasCard ? './ort/ort.webgpu.min.mjs' : './ort/ort.wasm.min.mjs');
  ort.env.wasm.wasmPaths = new URL('ort/', import.meta.url).href;
  ort.env.wasm.numThreads = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
  const session = await ort.InferenceSession.create('generator.onnx', { executionProviders: hasCard ? ['webgpu', 'wasm'] : ['wasm'] });
  postMessage({ ready: true, device: hasCard ? 'graphics card' : 'processor', threads: ort.env.wasm.numThreads });
  return inputs => session.run(Object.fromEntries(session.inputMetadata.map(input => [input.name, tensor(ort, input, inputs)])));
}

function tensor(ort, { name, shape: [draws] }, { seed, sample, label, guidance }) {
  const shape = [1, model.channels, model.height, model.width];
  switch (name) {
    case 'noise': return new ort.Tensor('float32', normals(Stream.StartOfSample, seed, sample, 0, length), shape);
    case 'class_labels': return new ort.Tensor('int64', [BigInt(label)], [1]);
    case 'guidance_scale': return new ort.Tensor('float32', [guidance], []);
    case 'step_noise': return new ort.Tensor('float32', stepNoise(seed, sample, draws), [draws, ...shape]);
    default: throw new Error(`This page does not know the input "${name}" of generator.onnx. Write the folder anew.`);
  }
}

function stepNoise(seed, sample, draws) {
  const noise = new Float32Array(draws * length);
  for (let draw = 0; draw < draws; draw++) {
    noise.set(normals(Stream.StepOfSample, seed, sample, draw, length), draw * length);
  }

  return noise;
}

// Values from -1 to 1 in planes become bytes RGBA: the library's own rounding.
function pixelsOf(values) {
  const [plane, pixels] = [model.height * model.width, new Uint8ClampedArray(4 * model.height * model.width)];
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      pixels[4 * i + c] = Math.round((values[(c % model.channels) * plane + i] + 1) * 127.5);
    }

    pixels[4 * i + 3] = 255;
  }

  return pixels;
}

onmessage = async ({ data }) => {
  try {
    for (let image = 0; image < data.count; image++) {
      const begin = performance.now();
      const { images } = await run({ ...data, seed: BigInt(data.seed), sample: BigInt(image) });
      const pixels = pixelsOf(await images.getData());
      postMessage({ image, pixels, milliseconds: performance.now() - begin }, [pixels.buffer]);
    }
  } catch (fault) {
    postMessage({ fault: String(fault) });
  }
};
