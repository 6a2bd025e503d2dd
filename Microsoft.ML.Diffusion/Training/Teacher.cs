using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>A model of whose DDIM steps a student learns to take two at once (progressive distillation, Salimans and Ho 2022, algorithm 2).</summary>
/// <remarks>
/// Both walk trailing timesteps, the teacher twice as many: every second of its timesteps is one of the student's. What the student is to predict of x_t is the
/// x_0 by which one DDIM step arrives where two of the teacher's do.
/// </remarks>
internal sealed class Teacher
{
    private readonly DiffusionModel _model;
    private readonly TeachingOptions _options;
    private readonly int[]? _classes;
    private readonly int[] _timesteps;
    private readonly Lazy<LevelTable> _levels;
    private readonly Dictionary<int, (int Middle, double AlphaBar, double OfMiddle, double OfEnd)> _steps = [];

    /// <param name="model">The teacher, of a fixed variance, that predicts v or x_0.</param>
    /// <param name="options">How it is followed.</param>
    /// <param name="classNames">The student's classes, which the teacher may know by other numbers.</param>
    public Teacher(DiffusionModel model, TeachingOptions options, IReadOnlyList<string> classNames)
    {
        (_model, _options) = (model, options);
        var known = model.Description.ClassNames;
        _classes = known.Count == 0
            ? null
            : [.. classNames.Select(name => Enumerable.Range(0, known.Count).FirstOrDefault(place => known[place] == name, -1))];
        var schedule = model.Description.Schedule;
        _levels = new Lazy<LevelTable>(() => new LevelTable(schedule));
        int[] all = [.. TimestepSubset.Trailing(2 * options.Steps).Resolve(schedule.NumberOfTrainingTimesteps).Reverse()];
        _timesteps = new int[options.Steps];
        for (var step = 0; step < options.Steps; step++)
        {
            var (from, middle) = (all[2 * step], all[(2 * step) + 1]);
            var end = step + 1 < options.Steps ? schedule.AlphaBar(all[2 * (step + 1)]) : 1;
            _timesteps[step] = from;
            _steps.Add(from, (middle, schedule.AlphaBar(from), schedule.AlphaBar(middle), end));
        }
    }

    /// <summary>The timesteps from which the student takes its steps, S of them.</summary>
    public IReadOnlyList<int> Timesteps => _timesteps;

    /// <summary>Makes of noised images what the student is to predict of them: their x_t stays, and x_0 and the noise become the teacher's.</summary>
    /// <param name="batch">Images noised to <see cref="Timesteps"/>.</param>
    /// <param name="labels">Their classes as the student numbers them, -1 for none; null where it knows none.</param>
    public void Teach(NoisyBatch batch, int[]? labels)
    {
        var classes = labels is null || _classes is null ? null : Array.ConvertAll(labels, label => label < 0 ? -1 : _classes[label]);
        var steps = Array.ConvertAll(batch.Timesteps, timestep => _steps[timestep]);
        var start = batch.Noisy;
        var middle = Step(start, batch.Timesteps, classes, image => (steps[image].AlphaBar, steps[image].OfMiddle));
        var end = Step(middle, Array.ConvertAll(steps, step => step.Middle), classes, image => (steps[image].OfMiddle, steps[image].OfEnd));
        batch.Explain(Batch.Create(start.Count, start.Length, (image, original) =>
        {
            var ((signal, noise), (lastSignal, lastNoise)) = (Scales(steps[image].AlphaBar), Scales(steps[image].OfEnd));
            var kept = lastNoise / noise;
            Span<double> from = start[image], to = end[image];
            for (var i = 0; i < original.Length; i++)
            {
                original[i] = (to[i] - (kept * from[i])) / (lastSignal - (kept * signal));
            }
        }));
    }

    // A DDIM step of eta 0 (Song et al. 2021, eq. 12), each image from and to a level of its own.
    private Batch Step(Batch x, int[] timesteps, int[]? classes, Func<int, (double From, double To)> levels)
    {
        var output = Predict(x, timesteps, classes);
        var predicted = _model.Description.Prediction == PredictionType.Sample
            ? output
            : Batch.Create(x.Count, x.Length, (image, original) =>
            {
                var (signal, noise) = Scales(levels(image).From);
                Span<double> from = x[image], velocity = output[image];
                for (var i = 0; i < original.Length; i++)
                {
                    original[i] = (signal * from[i]) - (noise * velocity[i]);
                }
            });
        var originals = _options.Clipping.Apply(predicted);
        return Batch.Create(x.Count, x.Length, (image, next) =>
        {
            var ((signal, noise), (nextSignal, nextNoise)) = (Scales(levels(image).From), Scales(levels(image).To));
            var kept = nextNoise / noise;
            Span<double> from = x[image], original = originals[image];
            for (var i = 0; i < next.Length; i++)
            {
                next[i] = (nextSignal * original[i]) + (kept * (from[i] - (signal * original[i])));
            }
        });
    }

    private Batch Predict(Batch x, int[] timesteps, int[]? classes)
    {
        Batch Network(Batch batch, IReadOnlyList<int>? labels) =>
            _model.Calls.Predict(batch, batch.Count == x.Count ? timesteps : [.. timesteps, .. timesteps], labels);

        return classes is null || _options.Guidance.Scale == 0 ? Network(x, null)
            : _options.Guidance.Scale == 1 ? Network(x, classes)
            : ClassifierFreeGuidance.PredictEach(Network, x, classes, image => _options.Guidance.At(timesteps[image], _levels));
    }

    private static (double Signal, double Noise) Scales(double alphaBar) => (Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));
}

/// <summary>How a teacher is followed.</summary>
/// <param name="Steps">S, the steps of the student, of which the teacher takes twice as many.</param>
/// <param name="Guidance">How the teacher is guided: the student learns it as its own prediction (Meng et al. 2023).</param>
/// <param name="Clipping">What happens to the teacher's x_0 outside the range of images.</param>
internal sealed record TeachingOptions(int Steps, Guidance Guidance, Clipping Clipping);
