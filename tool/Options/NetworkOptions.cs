using System.CommandLine;
using System.Numerics;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Options;

/// <summary>The options that decide what the model is.</summary>
internal sealed class NetworkOptions
{
    private static readonly UNetOptions _defaults = new();

    private readonly Option<int?> _channels =
        Values.Whole(
            "--channels",
            "N",
            $"Channels of the network at full resolution, an even number {Values.Planned(_defaults.BaseChannels)}");
    private readonly Option<int[]?> _multipliers =
        Values.List(
            "--multipliers",
            $"Channels of each level of the network as a multiple of --channels; every level but the last halves the picture {Values.Planned(Text(_defaults.ChannelMultipliers))}");
    private readonly Option<int?> _blocks =
        Values.Whole("--blocks", "N", $"Residual blocks of each level {Values.Planned(_defaults.NumberOfResidualBlocks)}");
    private readonly Option<int[]?> _attention =
        Values.List(
            "--attention",
            $"Sides, in pixels of the network, at which it has self-attention, or none; the middle always has it {Values.Planned(Text(_defaults.AttentionResolutions))}",
            mayBeNone: true);
    private readonly Option<int?> _patch =
        Values.Whole(
            "--patch",
            "PIXELS",
            $"Side of the pixel blocks that the network sees as one; 2 is about four times as fast {Values.Planned(_defaults.PatchSize)}");
    private readonly Option<double?> _dropout =
        Values.Real("--dropout", "P", $"Probability of dropping a feature while training {Values.Planned(Values.Number(_defaults.Dropout))}");
    private readonly Option<string?> _prediction =
        Values.Choice(
            "--prediction",
            "KIND",
            $"What the network predicts: epsilon, sample or v {Values.Planned("v")}",
            OptionNames.Predictions);
    private readonly Option<string?> _schedule =
        Values.Choice(
            "--schedule",
            "KIND",
            "Noise schedule: linear, scaled-linear, cosine or sigmoid [default: cosine]",
            OptionNames.Schedules);

    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>The options that a model which is trained on has decided already.</summary>
    public IEnumerable<Option> Decided => All.Where(option => option != _dropout);

    /// <summary>Fills in what the model is to be.</summary>
    /// <param name="parsed">What was typed.</param>
    /// <param name="options">Other options.</param>
    /// <param name="previous">The model to train on; <see langword="null"/> for a new one.</param>
    public DiffusionOptions Apply(ParseResult parsed, DiffusionOptions options, DiffusionTransformer? previous)
    {
        var dropout = parsed.GetValue(_dropout);
        if (previous is not null)
        {
            return options with
            {
                Network = previous.Network with { Dropout = dropout ?? previous.Network.Dropout },
                Schedule = previous.Schedule,
                Prediction = previous.Prediction,
                Variance = previous.Variance,
                Channels = previous.Channels,
            };
        }

        var channels = parsed.GetValue(_channels);
        return options with
        {
            Network = options.Network with
            {
                BaseChannels = channels ?? options.Network.BaseChannels,
                NumberOfNormalizationGroups = channels is { } all ? Groups(all) : options.Network.NumberOfNormalizationGroups,
                ChannelMultipliers = parsed.Given(_multipliers) ?? options.Network.ChannelMultipliers,
                NumberOfResidualBlocks = parsed.GetValue(_blocks) ?? options.Network.NumberOfResidualBlocks,
                AttentionResolutions = parsed.Given(_attention) ?? options.Network.AttentionResolutions,
                PatchSize = parsed.GetValue(_patch) ?? options.Network.PatchSize,
                Dropout = dropout ?? options.Network.Dropout,
            },
            Schedule = parsed.GetValue(_schedule) is { } schedule ? OptionNames.ToSchedule(schedule) : options.Schedule,
            Prediction = parsed.GetValue(_prediction) is { } prediction ? OptionNames.ToPrediction(prediction) : options.Prediction,
        };
    }

    // As many as there are by default, or the most that divide the channels.
    private int Groups(int channels) => channels % 2 == 0
        ? (int)BigInteger.GreatestCommonDivisor(channels, _defaults.NumberOfNormalizationGroups)
        : throw new UsageException(
            $"{_channels.Name} must be an even number, because half of the numbers that tell the network its timestep are sines and half cosines, but is '{channels}'.");

    private IEnumerable<Option> All => [_channels, _multipliers, _blocks, _attention, _patch, _dropout, _prediction, _schedule];

    private static string Text(IReadOnlyList<int> numbers) => string.Join(',', numbers);
}
