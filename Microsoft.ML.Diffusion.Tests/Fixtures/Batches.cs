using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Batches of known numbers, and what tests ask of batches.</summary>
internal static class Batches
{
    /// <summary>Of one number everywhere.</summary>
    public static Batch Filled(int count, int length, double value)
    {
        var batch = new Batch(count, length);
        Array.Fill(batch.Values, value);
        return batch;
    }

    /// <summary>Of standard normal numbers.</summary>
    public static Batch Normal(int count, int length, long seed = 11)
    {
        var numbers = new float[count * length];
        new RandomNumbers(RandomStream.StartOfSample, seed).Normals(0, 0, numbers);
        return Batch.Of(numbers, count);
    }

    extension(Batch batch)
    {
        /// <summary>A function of each number.</summary>
        public Batch Map(Func<double, double> function) => new(Array.ConvertAll(batch.Values, value => function(value)), batch.Count);

        /// <summary>Each number in [-1, 1], as those of images.</summary>
        public Batch Clamped() => batch.Map(value => Math.Clamp(value, -1, 1));

        /// <summary>The largest difference of two numbers of one place; infinite where one is no number.</summary>
        public double DistanceTo(Batch other) => Batch.Sum((1, batch), (-1, other)).Values.Max(
            difference => double.IsNaN(difference) ? double.PositiveInfinity : Math.Abs(difference));

        /// <summary>The mean of all numbers.</summary>
        public double Mean() => batch.Values.Average();

        /// <summary>The standard deviation of all numbers, without bias.</summary>
        public double Deviation()
        {
            var mean = batch.Values.Average();
            return Math.Sqrt(batch.Values.Sum(value => (value - mean) * (value - mean)) / (batch.Values.Length - 1));
        }
    }
}
