using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Computes the loss of held-out images.</summary>
internal sealed class Validator(TrainingRun run, TrainingSet images, RunCancellation cancellation)
{
    // Not the run's: losses of runs with other seeds compare as well.
    private const long Seed = 0;

    private readonly TrainingOptions _options = run.Options;
    private readonly GaussianDiffusion _diffusion = new(run.Model.Schedule, run.Model.Prediction);
    private readonly TrainingObjective _objective = run.Options.Objective(run.Model.Schedule, run.Model.Prediction, run.Model.Variance);
    private readonly NetworkCalls _calls = new(new Shared<Network>(run.Network, "network")); // never disposed: the network is the run's
    private readonly int[] _timesteps =
        Stratified(images.Count * run.Options.Validation.DrawsPerImage, run);

    /// <summary>The timestep of each draw: of n equal strata of 0..T-1 the middle, each once, in random order.</summary>
    public static int[] Stratified(int count, int trainingTimesteps)
    {
        var timesteps = new int[count];
        for (var i = 0; i < count; i++)
        {
            timesteps[i] = (int)((i + 0.5) * trainingTimesteps / count);
        }

        var numbers = new RandomNumbers(RandomStream.ValidationTimesteps, Seed);
        Array.Sort(Enumerable.Range(0, count).Select(i => numbers.LongWord(i)).ToArray(), timesteps);
        return timesteps;
    }

    // Of the teacher's timesteps where there is one, because nothing else is learned.
    private static int[] Stratified(int count, TrainingRun run) => run.Teacher is { } teacher
        ? Array.ConvertAll(Stratified(count, teacher.Timesteps.Count), step => teacher.Timesteps[step])
        : Stratified(count, run.Model.Schedule.NumberOfTrainingTimesteps);

    /// <summary>The mean loss of the network as it is, over all draws. Each process of a run computes some batches of them.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled meanwhile.</exception>
    public double Loss()
    {
        var sums = new double[(_timesteps.Length + _options.BatchSize - 1) / _options.BatchSize];
        for (var batch = run.Group.Rank; batch < sums.Length && !IsCancelled(); batch += run.Group.Size)
        {
            var first = batch * _options.BatchSize;
            sums[batch] = SumOfLosses(first, Math.Min(_options.BatchSize, _timesteps.Length - first));
        }

        return Gathered(sums).Sum() / _timesteps.Length;
    }

    // Alone, it ends at once; together, all processes meet first.
    private bool IsCancelled()
    {
        if (run.Group.Processes is null)
        {
            cancellation.ThrowIfRequested();
        }

        return cancellation.IsRequested;
    }

    // In the order of batches, so that the sum is that of one process.
    private double[] Gathered(double[] sums)
    {
        if (run.Group.Processes is not { } processes)
        {
            return sums;
        }

        var all = processes.Gather<double>([cancellation.IsRequested ? 1 : 0, .. sums]);
        var length = 1 + sums.Length;
        if (Enumerable.Range(0, processes.Size).Any(rank => all[rank * length] != 0))
        {
            throw run.Group.Agreed(cancellation.Reason());
        }

        return [.. sums.Select((_, batch) => all[(batch % processes.Size * length) + 1 + batch])];
    }

    private double SumOfLosses(int first, int count)
    {
        int[] indices = [.. Enumerable.Range(first, count).Select(draw => draw % images.Count)];
        var labels = images.Labels is { } all ? Array.ConvertAll(indices, index => all[index]) : null;
        var numbers = new RandomNumbers(RandomStream.ValidationNoise, Seed);
        var batch = new NoisyBatch(
            _diffusion,
            images.Batch(indices),
            _timesteps[first..(first + count)],
            labels,
            (place, noise) => numbers.Normals(first + place, 0, noise));
        run.Teacher?.Teach(batch, labels);
        var output = _calls.Predict(Batch.Of(batch.Input(0, count).Images.Span, count), batch.Timesteps, labels).ToSingle();
        var (length, losses) = (output.Length / count, new double[count]);
        HostThreads.ForEach(
            count,
            length,
            image => losses[image] = _objective.Terms<float>(batch[image], output.AsSpan(image * length, length)).Loss);
        return losses.Sum();
    }
}
