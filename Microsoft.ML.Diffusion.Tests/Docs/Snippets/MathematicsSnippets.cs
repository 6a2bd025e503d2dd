using Microsoft.ML.Diffusion;

namespace DocumentationSnippets;

/// <summary>docs/mathematics.md.</summary>
[TestClass]
public sealed class MathematicsSnippets
{
    [TestMethod]
    public void Distributions_OfASchedule_AreNumbers()
    {
        float[] x0 = [0.5f, -1], noise = [1.2f, -0.3f], predictedNoise = [1, 0];

        #region snippet
        var schedule = NoiseSchedule.Linear();
        var diffusion = new GaussianDiffusion(schedule);
        float[] xt = diffusion.AddNoise<float>(x0, noise, timestep: 500);                        // DDPM eq. 4
        float[] predictedX0 = diffusion.ToOriginalSample<float>(xt, predictedNoise, PredictionType.Epsilon, 500);

        GaussianTransition posterior = diffusion.Posterior(500, previousTimestep: 250);          // eq. 6 and 7, over several steps
        float[] xs = posterior.Draw<float>(predictedX0, xt, noise);
        float[] mean = diffusion.ReverseMean<float>(xt, predictedNoise, 500);                    // eq. 11
        double nats = diffusion.StepDivergence<float>(x0, predictedX0, 500);                     // L_{t-1} of eq. 5

        var process = NonMarkovianProcess.OfEta(schedule, eta: 0.5);                             // DDIM eq. 6; or a list of sigmas
        GaussianTransition step = process.Posterior(500);                                        // DDIM eq. 7
        NoiseSchedule fifty = schedule.Respaced(TimestepSubset.Trailing(50));                    // a process of 50 steps, to train on or to look at
        #endregion

        Assert.AreEqual(schedule.AlphasCumulativeProduct[19], fifty.AlphasCumulativeProduct[0], 1e-12);
        Assert.AreEqual(process.Sigmas[500] * process.Sigmas[500], step.Variance, 1e-15);
        Assert.IsTrue(xs.Concat(mean).All(float.IsFinite) && nats > 0);
    }
}
