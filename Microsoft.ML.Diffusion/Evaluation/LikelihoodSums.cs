namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>The terms of images, added up batch by batch: two numbers of an image stay, whatever the number of timesteps.</summary>
internal sealed class LikelihoodSums(int trainingTimesteps, IReadOnlyList<int> timesteps)
{
    private readonly double[] _divergences = new double[timesteps.Count - 1];
    private readonly List<double> _perImage = [];
    private readonly List<double> _flow = [];
    private double _prior;
    private double _decoder;

    public int TrainingTimesteps => trainingTimesteps;

    public IReadOnlyList<int> Timesteps => timesteps;

    /// <summary>Gets what the timesteps but 0 were drawn from, one from each.</summary>
    public TimestepStratum[] Strata { get; } = TimestepStrata.Of(timesteps.Count - 1, trainingTimesteps);

    /// <summary>Gets L_T, the mean over the images.</summary>
    public double Prior => _prior / _perImage.Count;

    /// <summary>Gets L_0, the mean over the images.</summary>
    public double Decoder => _decoder / _perImage.Count;

    /// <summary>Gets the term of each of the timesteps but 0, a mean over the images.</summary>
    public double[] Divergences => Array.ConvertAll(_divergences, sum => sum / _perImage.Count);

    /// <summary>Gets the bound of each image.</summary>
    public IReadOnlyList<double> PerImage => _perImage;

    /// <summary>Gets what the probability flow says of each image; empty if it was not asked.</summary>
    public IReadOnlyList<double> Flow => _flow;

    /// <summary>Adds what the probability flow says of a batch.</summary>
    public void AddFlow(IEnumerable<double> bits) => _flow.AddRange(bits);

    /// <summary>The sums of one batch.</summary>
    public static LikelihoodSums Of(LikelihoodTerms terms)
    {
        var sums = new LikelihoodSums(terms.TrainingTimesteps, terms.Timesteps);
        sums.Add(terms);
        return sums;
    }

    /// <summary>Gets the sums of L_T, of L_0 and of the terms of the other timesteps: what is added up of parts.</summary>
    public (double Prior, double Decoder, IReadOnlyList<double> Divergences) Totals => (_prior, _decoder, _divergences);

    /// <summary>The sums that others were.</summary>
    /// <param name="trainingTimesteps">T.</param>
    /// <param name="timesteps">Those computed.</param>
    /// <param name="totals">As <see cref="Totals"/>.</param>
    /// <param name="perImage">The bound of each image.</param>
    /// <param name="flow">What the probability flow says of each; empty if it was not asked.</param>
    public static LikelihoodSums Of(
        int trainingTimesteps,
        IReadOnlyList<int> timesteps,
        (double Prior, double Decoder, IReadOnlyList<double> Divergences) totals,
        IEnumerable<double> perImage,
        IEnumerable<double> flow)
    {
        var sums = new LikelihoodSums(trainingTimesteps, timesteps);
        sums.Add(totals, perImage, flow);
        return sums;
    }

    /// <summary>Adds the images of another part, judged at the same timesteps.</summary>
    public void Add(LikelihoodSums other) => Add(other.Totals, other.PerImage, other.Flow);

    /// <summary>Adds a batch.</summary>
    public void Add(LikelihoodTerms terms)
    {
        _prior += terms.Prior.Sum();
        _decoder += terms.Decoder.Sum();
        for (var i = 0; i < _divergences.Length; i++)
        {
            _divergences[i] += terms.Divergences[i].Sum();
        }

        _perImage.AddRange(
            terms.Prior.Select(
                (prior, image) =>
                    prior + terms.Decoder[image] + terms.Divergences.Select((atTimestep, i) => Strata[i].Size * atTimestep[image]).Sum()));
    }

    private void Add(
        (double Prior, double Decoder, IReadOnlyList<double> Divergences) totals,
        IEnumerable<double> perImage,
        IEnumerable<double> flow)
    {
        _prior += totals.Prior;
        _decoder += totals.Decoder;
        for (var i = 0; i < _divergences.Length; i++)
        {
            _divergences[i] += totals.Divergences[i];
        }

        _perImage.AddRange(perImage);
        _flow.AddRange(flow);
    }
}
