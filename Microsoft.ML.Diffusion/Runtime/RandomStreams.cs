namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// Everything that is drawn anywhere in the library, each in a stream of its own: numbers of two streams have nothing to do with each other, whatever
/// their seeds.
/// </summary>
/// <remarks>
/// A number is found by stream, seed, sample, draw and element alone; each line says what <c>sample</c> and <c>draw</c> are in it, and draw is 0 where it says
/// nothing. The value of a stream is its constant, drawn once at random. It is never changed or given to another stream: a stream that draws other things than
/// before, or in another order, gets a new constant, and <see cref="RandomStreams.Version"/> rises.
/// </remarks>
internal enum RandomStream : ulong
{
    /// <summary>Weights before training. Sample: the place of the layer in the network, by its name.</summary>
    InitialWeights = 0xD84863F01D4CBE0F,

    /// <summary>The order in which training visits images. Sample: the epoch. Element: the image.</summary>
    OrderOfImages = 0x2CB8C961677B4162,

    /// <summary>The noise that training adds to images. Sample: step x BatchSize + place in the batch.</summary>
    TrainingNoise = 0x157D31D352816E9E,

    /// <summary>The timesteps of training. Sample: step x BatchSize + place.</summary>
    TrainingTimesteps = 0x825524D08BE6BCBA,

    /// <summary>Which images training mirrors. Sample: step x BatchSize + place.</summary>
    Flips = 0xA7FB24ED540A4CC2,

    /// <summary>What augmentation does to an image of training. Sample: step x BatchSize + place. Draw: the kind. Elements: whether it is done, then how much.</summary>
    Augmentation = 0x3ED97E61F92C874D,

    /// <summary>Which features dropout leaves out. Sample: step x BatchSize + place. Draw: the dropout's place in the network. Elements: [H][W][C].</summary>
    Dropout = 0x201F9138F3D99BB2,

    /// <summary>Which images training shows without their label. Sample: step x BatchSize + place.</summary>
    LabelDropout = 0x9BF0AB3F07590CC0,

    /// <summary>The noise that an image is drawn from. Sample: the image's number, or its row's seed.</summary>
    StartOfSample = 0x4BD26F613CDA817D,

    /// <summary>The noise that a sampler adds on its way. Sample: as of the start. Draw: how many the run drew before.</summary>
    StepOfSample = 0x41CEAE6ACB4C1C73,

    /// <summary>What inpainting draws after the start: for the kept part, for its steps and for going back. Sample and draw: as of a step.</summary>
    Inpainting = 0x7DC49917CD59CE50,

    /// <summary>The noise added to given images. Sample: the image's number.</summary>
    AddedNoise = 0x60EC425F9A5D1A4C,

    /// <summary>Which images training holds out to judge by. Sample: the row.</summary>
    HeldOutRows = 0x5CD1F371FB23E66A,

    /// <summary>The noise that validation adds. Sample: the number of the judgement.</summary>
    ValidationNoise = 0x8A49E0DAD1F67FA9,

    /// <summary>Which judgement of validation has which timestep. Sample: the number of the judgement.</summary>
    ValidationTimesteps = 0x65D613111143B3EE,

    /// <summary>The noise of likelihoods. Sample: the image's number. Draw: t, or 2^20 for the spread of its levels and then one for each probe.</summary>
    LikelihoodNoise = 0xDCFF1A9C0EAA4E66,

    /// <summary>Which timesteps likelihoods take. Sample: the number of the stratum.</summary>
    LikelihoodTimesteps = 0x408307323A4AA9D0,

    /// <summary>Which rows an evaluation keeps. Sample: the row. Draw: 0 for real images, 1 for generated ones.</summary>
    KeptRows = 0x6F3BAA98DE69833E,

    /// <summary>Row ids of 128 bits mixed into the number of a sample: no numbers are drawn of it.</summary>
    RowIds = 0xADB8A91968DAF3A3,
}

/// <summary>What holds for all streams.</summary>
internal static class RandomStreams
{
    /// <summary>Changes when a seed draws other numbers than before. Models and checkpoints keep it.</summary>
    public const int Version = 1;

    /// <summary>
    /// The key of a seed in a stream: of all 64 bits, and of two seeds never the same. It is the output function of SplitMix64 (Steele et al. 2014), which
    /// can be reversed, of seed XOR constant.
    /// </summary>
    public static ulong Key(this RandomStream stream, long seed)
    {
        unchecked
        {
            var z = (ulong)seed ^ (ulong)stream;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
