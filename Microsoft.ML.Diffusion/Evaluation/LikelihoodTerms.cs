namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>The terms that were computed, in bits per dimension.</summary>
/// <param name="TrainingTimesteps">T.</param>
/// <param name="Timesteps">Those computed, rising; the first is 0.</param>
/// <param name="Prior">L_T of each image.</param>
/// <param name="Decoder">L_0 of each image.</param>
/// <param name="Divergences">For each of the timesteps but 0, the term of each image.</param>
internal sealed record LikelihoodTerms(
    int TrainingTimesteps,
    IReadOnlyList<int> Timesteps,
    IReadOnlyList<double> Prior,
    IReadOnlyList<double> Decoder,
    IReadOnlyList<IReadOnlyList<double>> Divergences);
