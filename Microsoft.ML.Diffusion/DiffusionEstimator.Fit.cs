using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Planning;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion;

/// <content>Training: reading the images, finding an earlier run to go on with, and wiring it all together.</content>
public sealed partial class DiffusionEstimator
{
    /// <summary>Trains a model on the images of the input column; on all but <see cref="ValidationOptions.Share"/> of them, by which it is judged meanwhile.</summary>
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
    /// The model whose weights training starts from. Its network (dropout aside), schedule, prediction and variance must be those of the options; its
    /// number of channels is taken where <see cref="DiffusionOptions.Channels"/> is <see langword="null"/>. Classes may be others: they go by their names, new ones
    /// start as images without a class, and without <see cref="DiffusionOptions.LabelColumnName"/> there are none.
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
        var group = new RunGroup(_options.Training.Processes);
        try
        {
            using var cores = CoreShare.Use(CoresOf(group));
            var model = Train(trainData, validationData, previousModel, cancellation, group);
            cancellation.Saved();
            return model;
        }
        catch (Exception exception)
        {
            cancellation.Saved(); // not in a finally: those are not run before a program without a handler ends
            Fail(group, exception);
            throw;
        }
    }

    private DiffusionTransformer Train(
        IDataView trainData,
        IDataView? validationData,
        DiffusionTransformer? previousModel,
        RunCancellation cancellation,
        RunGroup group)
    {
        var (imageColumn, labelColumn) = Columns(trainData.Schema);
        Check.Require(
            validationData is null || _options.Training.Validation.Share == 0,
            $"{nameof(TrainingOptions.Validation)}.{nameof(ValidationOptions.Share)}",
            _options.Training.Validation.Share,
            "must be 0 where Fit is given validation data, because those are judged by. Set it to 0, or leave the data out");
        using var channel = _host.Start("Fit");
        var log = new RunLog(channel, group);
        var device = DeviceOf(group);
        _options.Training.ValidateFor(device);
        var previous = previousModel?.Model;
        using var share = previous?.Use(); // until its weights are copied

        var classNames = labelColumn is { } label ? ClassColumn.Names(label) : [];
        using var all =
            ReadOnce(
                group,
                isShared => Reader(trainData, imageColumn, labelColumn, previous?.Description.Shape, cancellation, isShared, log));
        if (all.BlankCount > 0)
        {
            log.Warn(
                FormattableString.Invariant($"{all.BlankCount} of {all.Count} images are of one single colour: nothing can be learned of them. Transparent white images become so, since images are composited over white: load them by mlContext.Diffusion.LoadImages with another Background."));
        }

        using var folder =
            group.IsFirst && _options.Training.CheckpointDirectory is { } directory
                ? new CheckpointFolder(directory, _options.Training.KeepCheckpoints)
                : null;
        using var resumed = folder?.OpenNewest(log.Warn);
        var seed = SeedOf(group, resumed?.State.Seed);
        var planning =
            _budget is null
                ? null
                : new RunPlanning(_budget, all, classNames, previous?.Description, validationData is not null, device, seed, group.Size);
        var planned = planning is null ? null : PlanOf(group, () => planning.Decide(resumed?.Identity.Plan, cancellation, log.Tell));
        var options = planned is null ? _options : planning!.Options(planned);
        var description =
            new ModelDescription(all.Shape, options.Network, options.Schedule, options.Prediction, options.Variance, classNames);
        previous?.Description.CheckCanTrainOn(description, nameof(previousModel));
        TellClasses(previous?.Description, classNames, log);
        options.Training.SampleGrid?.ValidateFor(description);
        using var given = validationData is null ? null : ReadValidation(validationData, description, cancellation, group, log);
        var parts = given is null ? HoldOut(all, options.Training.Validation.Share, seed) : null;
        using var learned = parts?.Training;
        using var heldOut = parts?.HeldOut;
        var (images, validation) = (learned ?? all, heldOut ?? given);

        var identity =
            folder is null && group.Processes is null
                ? null
                : RunIdentities.Of(
                    description,
                    options.Training,
                    planned?.ToJson(),
                    seed,
                    images,
                    validation,
                    previous is null ? "random" : RunIdentities.Digest(previous.Weights()),
                    Teaching?.ToString());
        CheckSame(group, identity, options.Training, device);
        var checkpoints = folder is null ? null : Checkpoints(folder, resumed, identity!, log);

        var plan = description.CreatePlan(options.Training.Augmentation is null ? 0 : Augmentation.Length);
        if (group.IsFirst)
        {
            CheckSpace(plan, resumed is not null, channel);
        }

        if (resumed is null)
        {
            log.Tell(
                FormattableString.Invariant($"Training begins on {device}: {images.Count} images of {images.Shape}; a network of {description.CreatePlan().NumberOfParameters} weights."));
        }

        T Explained<T>(Func<T> make) => MemoryShortage.Explained(make, device, description, options.Training);
        var network = Explained(() => CreateNetwork(plan, previous, classNames, seed, device));
        share?.Dispose();
        try
        {
            var run = new TrainingRun(network, description, options.Training, options.Generation, seed, images, validation)
            {
                Group = group,
                IsFineTuned = previous is not null,
                Teacher = Teaching is { } teaching ? new Teacher(previous!, teaching, classNames) : null,
            };
            using var reporter = new TrainingReporter(_host, channel, options.Training.Progress, images.Count);
            var listeners =
                group.IsFirst
                    ? new RunListeners(reporter.Report, reporter.Warn, ModelFileWriter(run, reporter)) { Tell = log.Tell }
                    : RunListeners.None;
            TrainingSummary summary;
            using (var loop = Explained(() => new TrainingLoop(run, cancellation, checkpoints, listeners)))
            {
                summary = loop.Run();
            }

            listeners.SaveModel?.Invoke(summary);
            network = Trained(network);
            return Transformer(network, run, summary);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    // In a method of its own, so that nothing holds the weights besides the network.
    private static Network CreateNetwork(
        UNetPlan plan,
        DiffusionModel? previous,
        IReadOnlyList<string> classNames,
        long seed,
        ComputeDevice device) =>
        NetworkEngine.Create(plan, StartWeights(plan.Trained, previous, classNames, seed).For(plan), device);

    private static NetworkWeights StartWeights(UNetPlan plan, DiffusionModel? previous, IReadOnlyList<string> classNames, long seed) =>
        previous is null ? StartingWeights.Random(plan, seed) : StartingWeights.Of(plan, classNames, previous);

    private static void TellClasses(ModelDescription? previous, IReadOnlyList<string> classNames, RunLog log)
    {
        if (previous is not null && !classNames.SequenceEqual(previous.ClassNames))
        {
            var known = classNames.Count(previous.ClassNames.Contains);
            log.Tell(classNames.Count == 0
                ? $"The {previous.ClassNames.Count} classes of previousModel are left out, because LabelColumnName is null."
                : $"previousModel knows {known} of the {classNames.Count} classes, by their names. The others start as images without a class.");
        }
    }

    // Held out of the training images by the run's seed, which a resumed run has from its checkpoint.
    private static (TrainingSet Training, TrainingSet HeldOut)? HoldOut(TrainingSet images, double share, long seed)
    {
        const string Name = $"{nameof(TrainingOptions.Validation)}.{nameof(ValidationOptions.Share)}";
        Check.Require(
            share == 0 || images.Count >= 2,
            Name,
            share,
            "must be 0 for a single image, because one must be left to learn from");
        return share == 0 ? null : images.Split(HeldOutRows.Of(images.Count, share, seed));
    }

    // The network without what only training needs.
    private static Network Trained(Network network)
    {
        if (ReferenceEquals(network.Plan, network.Plan.Trained))
        {
            return network;
        }

        var trained = WithoutTraining(network);
        network.Dispose();
        return trained;
    }

    private static Network WithoutTraining(Network network)
    {
        var weights = new NetworkWeights(network.Plan);
        network.Read(weights);
        return NetworkEngine.Create(network.Plan.Trained, weights.For(network.Plan.Trained), network.Device);
    }

    private TrainingSet ReadValidation(IDataView data, ModelDescription model, RunCancellation cancellation, RunGroup group, RunLog log)
    {
        var (image, label) = Columns(data.Schema);
        IReadOnlyList<string> classNames = label is { } column ? ClassColumn.Names(column) : [];
        return classNames.SequenceEqual(model.ClassNames)
            ? ReadOnce(group, isShared => Reader(data, image, label, model.Shape, cancellation, isShared, log))
            : throw new ArgumentException(
                $"The classes of column '{_options.LabelColumnName}' are [{string.Join(", ", classNames)}] in the validation data, expected [{string.Join(", ", model.ClassNames)}] as in the training data. Make the keys of both with one fitted MapValueToKey.",
                "validationData");
    }

    private TrainingSetNeeds Needs =>
        new(_budget is null ? _options.Network : null, _options.Channels, _options.Training.MaximumImageMemory);

    private TrainingSetReader Reader(
        IDataView data,
        ImageColumn image,
        DataViewSchema.Column? label,
        ImageShape? expected,
        RunCancellation cancellation,
        bool isShared,
        RunLog log) => new(data, image, label, Needs)
        {
            IsShared = isShared,
            Tell = log.Tell,
            Expected = expected,
            Cancellation = cancellation,
            TemporaryFolder = TemporaryFolder,
        };

    private RunCheckpoints Checkpoints(CheckpointFolder folder, Checkpoint? resumed, RunIdentity identity, RunLog log)
    {
        if (resumed is not null)
        {
            resumed.Identity.CheckSame(identity, _options.Training.CheckpointDirectory!);
            log.Tell(
                $"Training goes on after step {resumed.State.Step}, from a checkpoint in {_options.Training.CheckpointDirectory}. If its budget is spent, the model is returned as it is; delete the folder to train anew.");
        }

        return new RunCheckpoints(folder, identity, resumed, log.Warn);
    }

    // What a model keeps of the options: receivers and tokens belong to one run.
    private static GenerationOptions Saved(GenerationOptions options) => options with { Progress = null, CancellationToken = default };
}
