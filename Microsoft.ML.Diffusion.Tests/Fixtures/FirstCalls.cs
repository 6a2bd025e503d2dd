using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Every public member that may be the first of a process to use TorchSharp, and those that do not need it.</summary>
internal static class FirstCalls
{
    /// <summary>Calls each and prints what it throws. Nothing of TorchSharp is remembered between them as long as nothing of it is used.</summary>
    public static void Run(string model, string diffusers)
    {
        var mlContext = new MLContext(seed: 1);
        Call("InspectModel", () => mlContext.Diffusion.InspectModel(model));
        Call("LoadModel", () => mlContext.Diffusion.LoadModel(model, out _));
        Call("Model.Load", () => mlContext.Model.Load(model, out _));
        Call("LoadDiffusers", () => mlContext.Diffusion.LoadDiffusers(diffusers));
        Call("Fit", () => TinyModel.Train());
        var features = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 20).Select(i => new FeatureRow { Features = [i, i % 3] }));
        Call("Evaluate", () => mlContext.Diffusion.Evaluate(features, features));
    }

    private static void Call(string name, Action action)
    {
        try
        {
            action();
            Console.WriteLine($"{name}: fine");
        }
        catch (Exception exception)
        {
            while (exception.InnerException is { } inner)
            {
                exception = inner; // ML.NET's Model.Load wraps what a model's loader throws
            }

            Console.WriteLine($"{name}: {exception.GetType().Name}: {exception.Message}");
        }
    }

    private sealed class FeatureRow
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [];
    }
}
