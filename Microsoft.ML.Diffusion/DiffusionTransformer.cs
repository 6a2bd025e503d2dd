using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Persistence;
using Microsoft.ML.Runtime;
using static TorchSharp.torch;

[assembly: LoadableClass(typeof(DiffusionTransformer), null, typeof(SignatureLoadModel), DiffusionTransformer.UserName, ModelZip.LoaderSignature)]

namespace Microsoft.ML.Diffusion;

/// <summary>A trained diffusion model: generates and interpolates images, alone or as a step of a pipeline.</summary>
/// <remarks>Several threads may use one model at a time. Disposing it frees the weights.</remarks>
public sealed partial class DiffusionTransformer : ITransformer, IDisposable
{
    internal const string UserName = "Diffusion Model Transform";

    private readonly IHost _host;
    private readonly DiffusionModel _model;
    private bool _disposed;

    internal DiffusionTransformer(IHostEnvironment environment, DiffusionModel model, TransformerColumns columns, GenerationOptions generation, TrainingSummary? training)
    {
        _host = environment.Register(nameof(DiffusionTransformer));
        (_model, Columns, Generation, Training) = (model, columns, generation, training);
    }

    /// <summary>Gets the width in pixels of the images.</summary>
    public int ImageWidth => _model.Description.Shape.Width;

    /// <summary>Gets the height in pixels of the images.</summary>
    public int ImageHeight => _model.Description.Shape.Height;

    /// <summary>Gets the number of colour channels: 1 (grey) or 3.</summary>
    public int Channels => _model.Description.Shape.Channels;

    /// <summary>Gets the names of the classes that <see cref="Generate(IReadOnlyList{int}, GenerationOptions?)"/> counts from 0; empty for a model without classes.</summary>
    public IReadOnlyList<string> ClassNames => _model.Description.ClassNames;

    /// <summary>Gets the noise schedule that the model was trained with.</summary>
    public NoiseSchedule Schedule => _model.Description.Schedule;

    /// <summary>Gets what the network predicts.</summary>
    public PredictionType Prediction => _model.Description.Prediction;

    /// <summary>Gets what the network knows about the variance of its steps.</summary>
    public ModelVariance Variance => _model.Description.Variance;

    /// <summary>Gets the shape of the network.</summary>
    public UNetOptions Network => _model.Description.Network;

    /// <summary>Gets how the model generates when it is not told otherwise.</summary>
    public GenerationOptions Generation { get; }

    /// <summary>Gets how the model was trained; <see langword="null"/> if that is not known.</summary>
    public TrainingSummary? Training { get; }

    /// <summary>Gets where the weights are and the network runs: "cpu", or "cuda:" and the number of the card.</summary>
    public string Device => Model.Device.ToString();

    /// <summary>Gets the number of weights.</summary>
    public long NumberOfParameters => Model.Network.parameters().Sum(parameter => parameter.numel());

    /// <inheritdoc/>
    bool ITransformer.IsRowToRowMapper => true;

    internal TransformerColumns Columns { get; }

    /// <summary>The model, if it has not been disposed.</summary>
    internal DiffusionModel Model
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _model;
        }
    }

    /// <summary>Generates images from noise; a model with classes draws them without one.</summary>
    /// <param name="count">Number of images, at least 1.</param>
    /// <param name="options">Sampler, seed and more; <see langword="null"/> uses <see cref="Generation"/>.</param>
    /// <returns>The images, the caller's to dispose. Image i depends on the seed and i alone.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 1, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Generate(int count, GenerationOptions? options = null)
    {
        if (count < 1)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, "count must be at least 1, because it is the number of images to generate.");
        }

        return Draw(count, null, options);
    }

    /// <summary>Generates one image of each class given.</summary>
    /// <param name="labels">Class of each image, an index into <see cref="ClassNames"/>, or -1 for none.</param>
    /// <param name="options">Sampler, seed, guidance and more; <see langword="null"/> uses <see cref="Generation"/>.</param>
    /// <returns>The images, the caller's to dispose. Image i depends on the seed, its class and i alone.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A label is not a class of the model, or an option is outside its range.</exception>
    /// <exception cref="ArgumentException"><paramref name="labels"/> is empty.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Generate(IReadOnlyList<int> labels, GenerationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (labels.Count == 0)
        {
            throw new ArgumentException("labels must name at least one image to generate.", nameof(labels));
        }

        foreach (var label in labels)
        {
            CheckLabel(label, nameof(labels));
        }

        return Draw(labels.Count, labels, options);
    }

    /// <summary>Generates images on the way from one image to another.</summary>
    /// <param name="imageA">The image to start from; of the model's size.</param>
    /// <param name="imageB">The image to end at; of the model's size.</param>
    /// <param name="count">Number of images, at least 2; both ends are among them, as the model reconstructs them.</param>
    /// <param name="options">Path, sampler and more; <see langword="null"/> uses the defaults.</param>
    /// <returns>The images from A to B, the caller's to dispose.</returns>
    /// <exception cref="ArgumentException">An image has another size.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 2, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Interpolate(MLImage imageA, MLImage imageB, int count, InterpolationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(imageA);
        ArgumentNullException.ThrowIfNull(imageB);
        var (interpolator, shape) = (Interpolator(count, options), Model.Description.Shape);
        using var scope = NewDisposeScope();
        var images = PixelTensors.FromBytes([Pixels(imageA, nameof(imageA)), Pixels(imageB, nameof(imageB))], shape, Model.Device);
        return PixelTensors.ToImages(interpolator.BetweenImages(images, count), shape);
    }

    /// <summary>Generates images on the way from the first image of one seed to that of another.</summary>
    /// <param name="seedA">Seed of the first image, which <see cref="Generate(int, GenerationOptions?)"/> gives for it.</param>
    /// <param name="seedB">Seed of the last image.</param>
    /// <param name="count">Number of images, at least 2; both ends are among them.</param>
    /// <param name="options">Sampler and more; the path must be spherical. <see langword="null"/> uses the defaults.</param>
    /// <returns>The images from A to B, the caller's to dispose.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is below 2, or an option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public MLImage[] Interpolate(long seedA, long seedB, int count, InterpolationOptions? options = null)
    {
        if (options is { Path: InterpolationPath.Linear })
        {
            throw new ArgumentOutOfRangeException(nameof(InterpolationOptions.Path), options.Path, "Path must be Spherical between seeds, because a linear path leads between images.");
        }

        using var scope = NewDisposeScope();
        return PixelTensors.ToImages(Interpolator(count, options).BetweenSeeds(seedA, seedB, count), Model.Description.Shape);
    }

    /// <summary>Moves the weights to another device.</summary>
    /// <param name="device">"cpu", "cuda" or "cuda:1".</param>
    /// <returns>This model.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The name is not that of a device, or there is no such device.</exception>
    public DiffusionTransformer ToDevice(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Model.MoveTo(DeviceResolver.Resolve(_host, device));
        return this;
    }

    /// <summary>Adds the column of generated images, each drawn when a consumer asks for it.</summary>
    /// <param name="input">Any rows; the images that the model learned from are not needed.</param>
    /// <returns>The rows and the output column.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The seed or the label column is of another type, or the seed column is missing.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new GeneratedDataView(input, new GeneratedColumn(_host, this, input.Schema));
    }

    /// <summary>Gives the schema that <see cref="Transform"/> delivers.</summary>
    /// <param name="inputSchema">The schema of the input.</param>
    /// <returns>Its columns and the output column.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The seed or the label column is of another type, or the seed column is missing.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return new GeneratedColumn(_host, this, inputSchema).OutputSchema;
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new GeneratedRowMapper(new GeneratedColumn(_host, this, inputSchema));

    /// <inheritdoc/>
    void ICanSaveModel.Save(ModelSaveContext ctx) =>
        ModelZip.Save(ctx, Model.Description, Generation, new ColumnConfig(Columns.Output, Columns.Input, Columns.Label, Columns.Seed), Training, Model.Network);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            _model.Dispose();
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"Diffusion model of {_model.Description.Shape}{(ClassNames.Count > 0 ? $", {ClassNames.Count} classes" : "")}: {Network}, {Schedule}, {Prediction} prediction{(Variance == ModelVariance.LearnedRange ? ", learned variance" : "")}";

    /// <summary>Draws the sample of each row: of its own seed, and of its class if it has one.</summary>
    internal Tensor DrawRows(IReadOnlyList<long> rowSeeds, IReadOnlyList<int>? labels) =>
        new ImageGenerator(Model, Generation, Seeds.Resolve(_host, Generation.Seed)).Generate(rowSeeds, labels);

    // ML.NET finds this by name when it loads a model.
    private static DiffusionTransformer Create(IHostEnvironment environment, ModelLoadContext context)
    {
        var (config, description, network) = ModelZip.Load(context);
        var device = DeviceResolver.Resolve(environment, null);
        var model = new DiffusionModel(description, network, CPU);
        model.MoveTo(device);
        var columns = new TransformerColumns(config.Columns.Output, config.Columns.Input, config.Columns.Label, config.Columns.Seed);
        return new DiffusionTransformer(environment, model, columns, SamplerConfigMapping.ToOptions(config.Sampler, description), config.Training);
    }

    private MLImage[] Draw(int count, IReadOnlyList<int>? labels, GenerationOptions? options)
    {
        options ??= Generation;
        options.ValidateFor(Schedule, Variance);
        using var scope = NewDisposeScope();
        var generator = new ImageGenerator(Model, options, Seeds.Resolve(_host, options.Seed));
        return PixelTensors.ToImages(generator.Generate([.. Enumerable.Range(0, count)], labels), Model.Description.Shape);
    }

    private Interpolator Interpolator(int count, InterpolationOptions? options)
    {
        if (count < 2)
        {
            throw new ArgumentOutOfRangeException(nameof(count), count, "count must be at least 2, because both ends are among the images.");
        }

        options ??= new InterpolationOptions();
        options.ValidateFor(Schedule);
        if (options.Label is { } label)
        {
            CheckLabel(label, nameof(InterpolationOptions.Label));
        }

        var generation = options.Generation();
        generation.ValidateFor(Schedule, Variance);
        return new Interpolator(Model, options, generation, options.Path == InterpolationPath.Linear ? Seeds.Resolve(_host, options.Seed) : 0);
    }

    private byte[] Pixels(MLImage image, string parameter)
    {
        if (image.Width != ImageWidth || image.Height != ImageHeight)
        {
            throw new ArgumentException($"{parameter} is {image.Width}x{image.Height}, but the model's images are {ImageWidth}x{ImageHeight}. Resize it first.", parameter);
        }

        var rgb = ImagePixels.ReadRgb(image);
        return Channels == 1 ? ImagePixels.ToGrey(rgb) : rgb;
    }

    private void CheckLabel(int label, string parameter)
    {
        if (label < -1 || label >= ClassNames.Count)
        {
            throw new ArgumentOutOfRangeException(parameter, label, ClassNames.Count == 0
                ? $"{parameter} must not name a class, because the model was trained without LabelColumnName."
                : $"{parameter} must be from 0 to {ClassNames.Count - 1}, or -1 for none, because the model knows {ClassNames.Count} classes.");
        }
    }
}
