// The noise of the library, to the bit: a number is found by stream, seed, sample, draw and element alone, so an image of a seed is the same here and in .NET.
// Philox4x32-10 (Salmon et al. 2011) gives the bits, Box and Muller's transform (1958) the normal numbers. The names are those of the library's own files.

/** What the numbers are for: the noise an image starts from, and the noise that a sampler adds on its way. */
export const Stream = { StartOfSample: 0x4BD26F613CDA817Dn, StepOfSample: 0x41CEAE6ACB4C1C73n };

/** Standard normal numbers of one draw of one sample. Seed and sample are whole numbers of 64 bits, as BigInt. */
export function normals(stream, seed, sample, draw, count) {
  const key = keyOf(stream, seed);
  const [key0, key1] = words(key);
  const [sample0, sample1] = words(BigInt.asUintN(64, sample));
  const result = new Float32Array(count);
  for (let block = 0; 4 * block < count; block++) {
    const [a, b, c, d] = philox(key0, key1, block, draw, sample0, sample1);
    result.set([...boxMuller(a, b), ...boxMuller(c, d)].slice(0, count - 4 * block), 4 * block);
  }

  return result;
}

// The output function of SplitMix64 (Steele et al. 2014) of seed XOR stream.
function keyOf(stream, seed) {
  const u64 = value => BigInt.asUintN(64, value);
  let z = u64(seed) ^ stream;
  z = u64((z ^ (z >> 30n)) * 0xBF58476D1CE4E5B9n);
  z = u64((z ^ (z >> 27n)) * 0x94D049BB133111EBn);
  return z ^ (z >> 31n);
}

const words = value => [Number(value & 0xFFFFFFFFn), Number(value >> 32n)];

function philox(key0, key1, c0, c1, c2, c3) {
  for (let round = 0; round < 10; round++) {
    const [low0, high0] = multiply(c0, 0xD2511F53);
    const [low1, high1] = multiply(c2, 0xCD9E8D57);
    [c0, c1, c2, c3] = [(high1 ^ c1 ^ key0) >>> 0, low1, (high0 ^ c3 ^ key1) >>> 0, low0];
    key0 = (key0 + 0x9E3779B9) >>> 0;
    key1 = (key1 + 0xBB67AE85) >>> 0;
  }

  return [c0, c1, c2, c3];
}

// Both halves of a product of 64 bits, from products that a double holds exactly.
function multiply(a, b) {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xFFFF, a >>> 16, b & 0xFFFF, b >>> 16];
  const upper = aHigh * bLow;
  const middle = Math.floor(aLow * bLow / 65536) + upper % 65536 + aLow * bHigh;
  return [Math.imul(a, b) >>> 0, aHigh * bHigh + Math.floor(upper / 65536) + Math.floor(middle / 65536)];
}

// The library computes in float32 and rounds after each operation. One operation on two of them in double, rounded once more, gives the same number.
const f = Math.fround;
const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);
const bitsOf = value => { float[0] = value; return bits[0]; };
const floatOf = value => { bits[0] = value; return float[0]; };

// z * (... ) from the innermost coefficient out.
const series = (z, ...coefficients) => coefficients.reduce((sum, next) => f(f(z * sum) + f(next)));

function boxMuller(radius, angle) {
  const r = f(Math.sqrt(twiceNegativeLogarithm(uniform(radius))));
  const [sine, cosine] = sineAndCosine(angle);
  return [f(r * cosine), f(r * sine)];
}

const uniform = w => f(f(f((w >>> 16) * 65536) + f((w & 0xFFFF) + 0.5)) * f(1 / 4294967296));

function twiceNegativeLogarithm(u) {
  const rootHalf = 0x3F3504F3;
  const offset = (bitsOf(u) - rootHalf) | 0;
  const e = offset >> 23;
  const m = floatOf(((offset & 0x007FFFFF) + rootHalf) >>> 0);
  const s = f(f(m - 1) / f(m + 1));
  const z = f(s * s);
  const first = f(s * -4);
  const logarithm = f(first + f(first * f(z * series(z, f(1 / 9), 1 / 7, 1 / 5, 1 / 3))));
  return f(f(e * f(-2 * 0.69314718055994530942)) + logarithm);
}

function sineAndCosine(angle) {
  const x = f(f(((angle << 2) >> 8) + 0.5) * f(Math.PI / 2 / 16777216));
  const z = f(x * x);
  const sine = f(x + f(x * f(z * series(z, f(1 / 362880), -1 / 5040, 1 / 120, -1 / 6))));
  const cosine = f(1 + f(z * series(z, f(1 / 40320), -1 / 720, 1 / 24, -1 / 2)));
  return [[sine, cosine], [cosine, f(-sine)], [f(-sine), f(-cosine)], [f(-cosine), sine]][angle >>> 30];
}
