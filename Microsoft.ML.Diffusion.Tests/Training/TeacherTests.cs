using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>What a student is to predict, beside the steps of the sampler that its teacher would be sampled by.</summary>
[TestClass]
public sealed class TeacherTests
{
    [TestMethod]
    [DataRow(1, 1.0, PredictionType.VPrediction)]
    [DataRow(2, 1.0, PredictionType.Sample)]
    [DataRow(4, 3.0, PredictionType.VPrediction)]
    [DataRow(32, 0.0, PredictionType.VPrediction)]
    public void Teach_OneStepByWhatItGives_IsTwoStepsOfTheTeacher(int steps, double scale, PredictionType prediction)
    {
        using var model = TinyModel.Train(TinyModel.Labelled with { Prediction = prediction });
        var (guidance, clipping) = (new Guidance(scale, Rescale: 0.3), Clipping.Static());
        var teacher = new Teacher(model.Model, new TeachingOptions(steps, guidance, clipping), ["odd", "even"]);
        var (schedule, length) = (model.Schedule, Pictures.Side * Pictures.Side);
        int[] timesteps = [.. teacher.Timesteps];
        int[] labels = [.. timesteps.Select((_, i) => (i % 3) - 1)];
        int[] ofTeacher = [.. labels.Select(label => label < 0 ? -1 : 1 - label)]; // which knows "even" first
        var batch = new NoisyBatch(
            new GaussianDiffusion(schedule, prediction),
            new float[steps * length],
            timesteps,
            labels,
            (place, noise) => new RandomNumbers(RandomStream.TrainingNoise, 3).Normals(place, 0, noise));
        var start = batch.Noisy;

        teacher.Teach(batch, labels);

        var run = SamplingStep.Reverse(TimestepSubset.Trailing(2 * steps), schedule);
        for (var i = 0; i < steps; i++)
        {
            var denoiser = model.Model.Denoiser([ofTeacher[i]], guidance, clipping);
            var end = new DdimSampler(2 * steps).Sample(denoiser, start.Select([i]), [.. run.Skip(2 * i).Take(2)], new PerSampleNoise(1, [0]), null, default);
            var alphaBar = schedule.AlphaBar(timesteps[i]);
            var last = run[(2 * i) + 1].AlphaBarPrevious;
            for (var pixel = 0; pixel < length; pixel++)
            {
                var (original, noise) = ((double)batch[i].Original[pixel], (double)batch[i].Noise[pixel]);
                Assert.AreEqual(end[0][pixel], (Math.Sqrt(last) * original) + (Math.Sqrt(1 - last) * noise), 2e-5);
                Assert.AreEqual(start[i][pixel], (Math.Sqrt(alphaBar) * original) + (Math.Sqrt(1 - alphaBar) * noise), 2e-5);
            }
        }
    }

    [TestMethod]
    public void Teach_GuidanceInAnInterval_IsThatOfTheSampler()
    {
        using var model = TinyModel.Train(TinyModel.Labelled);
        var narrow = new Guidance(4, SigmaMin: 0.5, SigmaMax: 2);

        var (within, everywhere, off) = (Originals(narrow), Originals(new Guidance(4)), Originals(Guidance.Off));

        Assert.IsTrue(within.Where((original, i) => original == off[i]).Any(), "outside of the interval");
        Assert.IsTrue(within.Where((original, i) => original == everywhere[i] && original != off[i]).Any(), "within it");

        string[] Originals(Guidance guidance)
        {
            var teacher = new Teacher(model.Model, new TeachingOptions(8, guidance, Clipping.None), ["even", "odd"]);
            int[] timesteps = [.. teacher.Timesteps], labels = new int[8];
            var batch = new NoisyBatch(
                new GaussianDiffusion(model.Schedule, model.Prediction),
                new float[8 * Pictures.Side * Pictures.Side],
                timesteps,
                labels,
                (place, noise) => new RandomNumbers(RandomStream.TrainingNoise, 3).Normals(place, 0, noise));
            teacher.Teach(batch, labels);
            return [.. Enumerable.Range(0, 8).Select(i => string.Join(' ', batch[i].Original.ToArray().Select(value => Math.Round(value, 4))))];
        }
    }

    [TestMethod]
    [DataRow(1000)]
    [DataRow(999)]
    [DataRow(130)]
    public void Timesteps_AreThoseOfTheStudentsSampler(int trainingTimesteps)
    {
        using var model = TinyModel.Train(TinyModel.Options with { Schedule = NoiseSchedule.Cosine(trainingTimesteps) });
        foreach (var steps in new[] { 1, 2, 4, 8, 16, 32, 64 })
        {
            var teacher = new Teacher(model.Model, new TeachingOptions(steps, Guidance.Off, Clipping.None), []);

            CollectionAssert.AreEqual(
                new DdimSampler(steps).Timesteps.Resolve(trainingTimesteps).Reverse().ToArray(),
                teacher.Timesteps.ToArray());
        }
    }
}
