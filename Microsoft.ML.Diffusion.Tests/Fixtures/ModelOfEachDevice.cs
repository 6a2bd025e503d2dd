namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A model that is trained on each device that a test asks for, once.</summary>
/// <param name="options">Those of <see cref="TinyModel"/>, or of others that train in a second.</param>
internal sealed class ModelOfEachDevice(DiffusionOptions options) : IDisposable
{
    private readonly Dictionary<string, DiffusionTransformer> _models = [];

    public DiffusionTransformer this[string device]
    {
        get
        {
            if (!_models.TryGetValue(device, out var model))
            {
                _models.Add(device, model = TinyModel.Train(options with { Device = device }));
            }

            return model;
        }
    }

    public void Dispose()
    {
        foreach (var model in _models.Values)
        {
            model.Dispose();
        }
    }
}
