namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Every public member that may be the first of a process to use TorchSharp, on the CPU, which needs nothing of it, and by libtorch.</summary>
internal static class FirstCalls
{
    /// <summary>Calls each and prints what it throws. Nothing of TorchSharp is remembered between them as long as nothing of it is used.</summary>
    public static void Run(string model, string diffusers)
    {
        var mlContext = new MLContext(seed: 1);
        DiffusionTransformer? loaded = null;
        Call("LoadModel", () => loaded = mlContext.Diffusion.LoadDiffusionModel(model));
        Call("LoadDiffusers", () => mlContext.Diffusion.LoadDiffusers(diffusers).Dispose());
        Call("Fit", () => TinyModel.Train().Dispose());
        Call("ToDevice by libtorch", () => loaded!.ToDevice("torch"));
        Call("LoadDiffusers by libtorch", () => mlContext.Diffusion.LoadDiffusers(diffusers, new() { Device = "torch" }));
        Call("Fit by libtorch", () => TinyModel.Train(TinyModel.Options with { Device = "torch" }));
        Call("Generate", () => loaded!.Generate(1)[0].Dispose()); // where it was
        loaded!.Dispose();
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
            Console.WriteLine($"{name}: {exception.GetType().Name}: {exception.Message}");
        }
    }
}
