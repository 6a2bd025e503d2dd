using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>The sums of an evaluation of likelihoods as a file of JSON, each number to its last bit.</summary>
/// <param name="Content">What the file is, for whoever finds it.</param>
/// <param name="Version">Rises when an older library could not read it.</param>
/// <param name="TrainingTimesteps">T.</param>
/// <param name="Timesteps">Those computed.</param>
/// <param name="Prior">The sum of L_T over the images.</param>
/// <param name="Decoder">The sum of L_0.</param>
/// <param name="Divergences">The sum of each of the other terms.</param>
/// <param name="PerImage">The bound of each image.</param>
/// <param name="Flow">What the probability flow says of each image; empty if it was not asked.</param>
internal sealed record LikelihoodFile(
    string Content,
    int Version,
    int TrainingTimesteps,
    int[] Timesteps,
    double Prior,
    double Decoder,
    double[] Divergences,
    double[] PerImage,
    double[] Flow)
{
    private const string LikelihoodContent = "Microsoft.ML.Diffusion likelihood";
    private const int CurrentVersion = 1;

    private static readonly JsonSerializerOptions _json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, // a bound may be infinite
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    public static void Write(string path, LikelihoodSums sums)
    {
        var (prior, decoder, divergences) = sums.Totals;
        var file = new LikelihoodFile(
            LikelihoodContent,
            CurrentVersion,
            sums.TrainingTimesteps,
            [.. sums.Timesteps],
            prior,
            decoder,
            [.. divergences],
            [.. sums.PerImage],
            [.. sums.Flow]);
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, file, _json));
    }

    /// <exception cref="FormatException">The file is not what <see cref="Write"/> makes.</exception>
    public static LikelihoodSums Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            var file = JsonSerializer.Deserialize<LikelihoodFile>(stream, _json) ?? throw new FormatException("it is empty.");
            file.Check();
            return LikelihoodSums.Of(
                file.TrainingTimesteps,
                file.Timesteps,
                (file.Prior, file.Decoder, file.Divergences),
                file.PerImage,
                file.Flow);
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            throw new FormatException($"The likelihood {path} cannot be used: {exception.Message}", exception);
        }
    }

    private void Check()
    {
        Require(Content == LikelihoodContent, $"it says to be '{TerminalText.Safe(Content)}', not '{LikelihoodContent}'.");
        Require(Version == CurrentVersion, $"it is of version {Version}, but this library reads version {CurrentVersion}. Update the package.");
        Require(TrainingTimesteps is >= 1 and <= Limits.Timesteps, $"its training_timesteps must be from 1 to {Limits.Timesteps}.");
        Require(Timesteps.Length >= 1 && Timesteps.Length <= TrainingTimesteps && Timesteps[0] == 0, "its timesteps must begin with 0 and be no more than there are.");
        Require(
            TimestepStrata.Of(Timesteps.Length - 1, TrainingTimesteps).Zip(Timesteps.Skip(1))
                .All(pair => pair.Second >= pair.First.First && pair.Second < pair.First.First + pair.First.Size),
            "its timesteps are none that an evaluation draws.");
        Require(Divergences.Length == Timesteps.Length - 1, "its divergences must be as many as its timesteps but 0.");
        Require(PerImage.Length > 0, "it must be of at least one image.");
        Require(Flow.Length == 0 || Flow.Length == PerImage.Length, "its flow must be of each image or of none.");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FormatException(otherwise);
        }
    }
}
