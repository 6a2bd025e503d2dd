using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

[assembly: LoadableClass(
    typeof(DiffusionTransformer),
    null,
    typeof(SignatureLoadModel),
    DiffusionTransformer.UserName,
    ModelZip.LoaderSignature)]

namespace Microsoft.ML.Diffusion;

/// <summary>A trained diffusion model: generates, interpolates, encodes and edits images, alone or as a step of a pipeline.</summary>
/// <remarks>Several threads may use one model at a time, and any of them may dispose it. Disposing it frees the weights.</remarks>
public sealed partial class DiffusionTransformer : ITransformer, IDisposable
{
    internal const string UserName = "Diffusion Model Transform";

    private readonly IHost _host;
    private readonly TrainedModel _trained;
    private readonly Lazy<long> _rowSeed;
    private int _disposed;

    internal DiffusionTransformer(IHostEnvironment environment, TrainedModel trained)
    {
        _host = environment.Register(nameof(DiffusionTransformer));
        _trained = trained with { Generation = trained.Generation.For(trained.Model.Description.Schedule) };
        _rowSeed = new Lazy<long>(() => Seeds.Resolve(_host, Generation.Seed)); // once: a row has one image, however often it is read
    }

    /// <summary>Gets the width in pixels of the images.</summary>
    public int ImageWidth => Description.Shape.Width;

    /// <summary>Gets the height in pixels of the images.</summary>
    public int ImageHeight => Description.Shape.Height;

    /// <summary>Gets the number of colour channels: 1 (grey) or 3.</summary>
    public int Channels => Description.Shape.Channels;

    /// <summary>
    /// Gets the names of the classes that <see cref="Generate(IReadOnlyList{int}, GenerationOptions?)"/> counts from 0; empty for a model without
    /// classes.
    /// </summary>
    public IReadOnlyList<string> ClassNames => Description.ClassNames;

    /// <summary>Gets the noise schedule that the model was trained with.</summary>
    public NoiseSchedule Schedule => Description.Schedule;

    /// <summary>Gets what the network predicts.</summary>
    public PredictionType Prediction => Description.Prediction;

    /// <summary>Gets what the network knows about the variance of its steps.</summary>
    public ModelVariance Variance => Description.Variance;

    /// <summary>Gets the shape of the network.</summary>
    public UNetOptions Network => Description.Network;

    /// <summary>Gets how the model generates when it is not told otherwise.</summary>
    public GenerationOptions Generation => _trained.Generation;

    /// <summary>Gets how the model was trained; <see langword="null"/> if that is not known.</summary>
    public TrainingSummary? Training => _trained.Training;

    /// <summary>Gets what identifies the file that the model was loaded from, for caches: the SHA-256 of its config.json, which holds that of each of its weights.</summary>
    /// <value>64 hexadecimal digits, alike for two files of the same weights and settings; <see langword="null"/> for a model of no file.</value>
    public string? Digest => _trained.Digest;

    /// <summary>Gets where the weights are and the network runs: "cpu", "cuda:" and the number of the card, or "torch".</summary>
    public string Device => Model.Device.ToString();

    /// <summary>Gets the number of weights.</summary>
    public long NumberOfParameters
    {
        get
        {
            using var share = Use();
            return share.Value.Plan.NumberOfParameters;
        }
    }

    /// <inheritdoc/>
    bool ITransformer.IsRowToRowMapper => true;

    internal ModelDescription Description => _trained.Model.Description;

    /// <summary>What the class is the face of, if it has not been disposed.</summary>
    internal TrainedModel Trained
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsDisposed, this);
            return _trained;
        }
    }

    internal DiffusionModel Model => Trained.Model;

    internal ModelInputs Inputs => new(Description);

    private bool IsDisposed => Volatile.Read(ref _disposed) != 0;

    /// <summary>Moves the weights to another device.</summary>
    /// <param name="device">"cpu", "cuda", "cuda:1", or "torch", which is libtorch on the processor, to compare with.</param>
    /// <returns>This model.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The name is not that of a device, or there is no such device.</exception>
    /// <exception cref="DllNotFoundException">libtorch is needed and cannot be loaded; the message says what is missing, and the model stays where it is.</exception>
    /// <exception cref="InvalidOperationException">A call uses the model, or a row is being computed by it.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionTransformer ToDevice(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Model.MoveTo(DeviceChoice.Resolve(_host, device));
        return this;
    }

    /// <summary>Frees the weights, once all that share them are disposed and the calls that use them are done.</summary>
    /// <remarks>
    /// A call that another thread is in goes on to its end, and so does a row that is being computed; later ones throw <see cref="ObjectDisposedException"/>.
    /// </remarks>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _trained.Model.Dispose();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Description.ToString();

    /// <summary>Takes a share of the network, which a call holds as long as it has tensors.</summary>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    internal Share<Network> Use() => Model.Use();

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx) => ModelZip.Save(ctx, Trained);

    // ML.NET finds this by name when it loads a model.
    private static DiffusionTransformer Create(
        IHostEnvironment environment,
        ModelLoadContext context) => new(environment, ModelZip.Load(environment, context));
}
