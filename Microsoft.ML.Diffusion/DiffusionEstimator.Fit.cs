using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Diffusion.Training.Checkpoints;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Training: reading the images, finding an earlier run to go on with, and wiring it all together.</content>
public sealed partial class DiffusionEstimator
{
    /// <summary>Trains a model on the images of the input column.</summary>
    /// <param name="input">The images, at least one, all of one size.</param>
    /// <returns>The trained model. Dispose it to free its weights.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type, or the images do not fit the network.</exception>
    /// <exception cref="InvalidOperationException">
    /// There is no image, or one is unreadable, of another size, or has impossible pixels; or training diverged; or
    /// <see cref="TrainingOptions.CheckpointDirectory"/> is of another run or in use, or holds checkpoints that cannot be read.
    /// </exception>
    /// <exception cref="DllNotFoundException">libtorch cannot be loaded; the message says what is missing and how to add it.</exception>
    /// <exception cref="InsufficientMemoryException">Memory ran out; the message says what to lower.</exception>
    /// <exception cref="IOException">
    /// The folder for temporary files has no room for images beyond <see cref="TrainingOptions.MaximumImageMemory"/>; or, known before training starts, for the
    /// model that ML.NET's Model.Save would put there, and there is no <see cref="TrainingOptions.CheckpointDirectory"/> to have the model from again.
    /// </exception>
    /// <exception cref="OperationCanceledException">
    /// <see cref="TrainingOptions.CancellationToken"/> or the <see cref="MLContext"/> was cancelled, or a signal asked the process to end, and
    /// <see cref="TrainingOptions.ReturnModelOnCancellation"/> is not set.
    /// </exception>
    public DiffusionTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return Train(input, null, null);
    }

    /// <summary>Trains a model and judges it meanwhile by images that it does not learn from, as <see cref="TrainingOptions.Validation"/> says.</summary>
    /// <param name="trainData">The images to learn, at least one, all of one size.</param>
    /// <param name="validationData">The images to judge by, at least one, of the same columns, size and classes.</param>
    /// <inheritdoc cref="Fit(IDataView)" path="/returns|/exception"/>
    public DiffusionTransformer Fit(IDataView trainData, IDataView validationData)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        ArgumentNullException.ThrowIfNull(validationData);
        return Train(trainData, validationData, null);
    }

    /// <summary>Trains a model on, from the weights of another (fine-tuning). The other model stays as it is.</summary>
    /// <param name="trainData">The images, at least one, all of the size of the model's.</param>
    /// <param name="previousModel">
    /// The model whose weights training starts from. Its network (dropout aside), schedule, prediction, variance and classes must be those of the options; its
    /// number of channels is taken where <see cref="DiffusionOptions.Channels"/> is <see langword="null"/>.
    /// </param>
    /// <exception cref="ArgumentException"><paramref name="previousModel"/> is of another kind than the options ask for; the message names what differs.</exception>
    /// <exception cref="ObjectDisposedException"><paramref name="previousModel"/> is disposed.</exception>
    /// <inheritdoc cref="Fit(IDataView)" path="/returns|/exception"/>
    public DiffusionTransformer Fit(IDataView trainData, DiffusionTransformer previousModel)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        ArgumentNullException.ThrowIfNull(previousModel);
        return Train(trainData, null, previousModel);
    }

    /// <summary>Trains a model on, from the weights of another, and judges it meanwhile by images that it does not learn from.</summary>
    /// <inheritdoc cref="Fit(IDataView, IDataView)" path="/param[@name='trainData' or @name='validationData']"/>
    /// <inheritdoc cref="Fit(IDataView, DiffusionTransformer)" path="/param[@name='previousModel']|/returns|/exception"/>
    public DiffusionTransformer Fit(IDataView trainData, IDataView validationData, DiffusionTransformer previousModel)
    {
        ArgumentNullException.ThrowIfNull(trainData);
        ArgumentNullException.ThrowIfNull(validationData);
        ArgumentNullException.ThrowIfNull(previousModel);
        return Train(trainData, validationData, previousModel);
    }

    private DiffusionTransformer Train(IDataView trainData, IDataView? validationData, DiffusionTransformer? previousModel)
    {
        using var signals = _options.Training.CheckpointDirectory is null ? null : new StopSignals();
        using var cancellation = new RunCancellation(_host, _options.Training.CancellationToken, signals);
        try
        {
            var model = Train(trainData, validationData, previousModel, cancellation);
            cancellation.Saved();
            return model;
        }
        catch
        {
            cancellation.Saved(); // not in a finally: those are not run before a program without a handler ends
            throw;
        }
    }

    private DiffusionTransformer Train(
        IDataView trainData,
        IDataView? validationData,
        DiffusionTransformer? previousModel,
        RunCancellation cancellation)
    {
        var (imageColumn, labelColumn) = Columns(trainData.Schema);
        using var channel = _host.Start("Fit");
        var device = DeviceChoice.Resolve(_host, _options.Device);
        _options.Training.ValidateFor(device);
        var previous = previousModel?.Model;
        using var share = previous?.Use(); // until its weights are copied

        var classNames = labelColumn is { } label ? ClassColumn.Names(label) : [];
        using var images = Reader(trainData, imageColumn, labelColumn, previous?.Description.Shape, cancellation).Read();
        if (images.BlankCount > 0)
        {
            channel.Warning(
                MessageSensitivity.None,
                FormattableString.Invariant($"{images.BlankCount} of {images.Count} images are of one single colour: nothing can be learned of them. Transparent white images become so, since images are composited over white: load them by mlContext.Diffusion.LoadImages with another Background."));
        }

        var description =
            new ModelDescription(images.Shape, _options.Network, _options.Schedule, _options.Prediction, _options.Variance, classNames);
        previous?.Description.CheckCanTrainOn(description, nameof(previousModel));
        _options.Training.SampleGrid?.ValidateFor(description);
        using var validation = validationData is null ? null : ReadValidation(validationData, description, cancellation);

        using var folder =
            _options.Training.CheckpointDirectory is { } directory
                ? new CheckpointFolder(directory, _options.Training.KeepCheckpoints)
                : null;
        using var resumed = folder?.OpenNewest(warning => channel.Warning(MessageSensitivity.None, warning));
        var seed = Seeds.Resolve(_host, _options.Seed, resumed?.State.Seed);
        var checkpoints =
            folder is null
                ? null
                : Checkpoints(
                    folder,
                    resumed,
                    RunIdentities.Of(
                        description,
                        _options.Training,
                        seed,
                        images,
                        validation,
                        previous is null ? "random" : RunIdentities.Digest(previous.Weights())),
                    channel);

        var plan = description.CreatePlan(_options.Training.Augmentation is null ? 0 : Augmentation.Length);
        CheckSpace(plan, resumed is not null, channel);
        T Explained<T>(Func<T> make) => MemoryShortage.Explained(make, device, description, _options.Training);
        var network = Explained(() => CreateNetwork(plan, previous, seed, device));
        share?.Dispose();
        try
        {
            var run = new TrainingRun(network, description, _options.Training, _options.Generation, seed, images, validation);
            using var reporter = new TrainingReporter(_host, channel, _options.Training.Progress);
            TrainingSummary summary;
            using (var loop = Explained(() => new TrainingLoop(run, cancellation, checkpoints, reporter.Report)))
            {
                summary = loop.Run();
            }

            network = Trained(network);
            return new DiffusionTransformer(
                _host,
                new TrainedModel(new DiffusionModel(description, network), _columns, Saved(_options.Generation), summary));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    // In a method of its own, so that nothing holds the weights besides the network.
    private static Network CreateNetwork(UNetPlan plan, DiffusionModel? previous, long seed, ComputeDevice device)
    {
        var weights = new NetworkWeights(plan.Trained);
        if (previous is null)
        {
            Initialization.Initialize(weights, seed);
        }
        else
        {
            previous.CopyWeightsTo(weights);
        }

        return NetworkEngine.Create(plan, weights.For(plan), device);
    }

    // The network without what only training needs.
    private static Network Trained(Network network)
    {
        if (ReferenceEquals(network.Plan, network.Plan.Trained))
        {
            return network;
        }

        var weights = new NetworkWeights(network.Plan);
        network.Read(weights);
        var trained = NetworkEngine.Create(network.Plan.Trained, weights.For(network.Plan.Trained), network.Device);
        network.Dispose();
        return trained;
    }

    private TrainingSet ReadValidation(IDataView data, ModelDescription model, RunCancellation cancellation)
    {
        var (image, label) = Columns(data.Schema);
        IReadOnlyList<string> classNames = label is { } column ? ClassColumn.Names(column) : [];
        return classNames.SequenceEqual(model.ClassNames)
            ? Reader(data, image, label, model.Shape, cancellation).Read()
            : throw new ArgumentException(
                $"The classes of column '{_options.LabelColumnName}' are [{string.Join(", ", classNames)}] in the validation data, expected [{string.Join(", ", model.ClassNames)}] as in the training data. Make the keys of both with one fitted MapValueToKey.",
                "validationData");
    }

    private TrainingSetNeeds Needs => new(_options.Network, _options.Channels, _options.Training.MaximumImageMemory);

    private TrainingSetReader Reader(
        IDataView data,
        ImageColumn image,
        DataViewSchema.Column? label,
        ImageShape? expected,
        RunCancellation cancellation) => new(data, image, label, Needs)
        {
            Expected = expected,
            Cancellation = cancellation,
            TemporaryFolder = TemporaryFolder,
        };

    private RunCheckpoints Checkpoints(CheckpointFolder folder, Checkpoint? resumed, RunIdentity identity, IChannel channel)
    {
        if (resumed is not null)
        {
            resumed.Identity.CheckSame(identity, _options.Training.CheckpointDirectory!);
            channel.Info(
                MessageSensitivity.None,
                $"Training goes on after step {resumed.State.Step}, from a checkpoint in {_options.Training.CheckpointDirectory}. If its budget is spent, the model is returned as it is; delete the folder to train anew.");
        }

        return new RunCheckpoints(folder, identity, resumed, warning => channel.Warning(MessageSensitivity.None, warning));
    }

    // What a model keeps of the options: receivers and tokens belong to one run.
    private static GenerationOptions Saved(GenerationOptions options) => options with { Progress = null, CancellationToken = default };
}
