using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>As many images wait for a <see cref="BatchingGenerator"/> as may; a service answers 503 with Retry-After.</summary>
/// <param name="limit">The most images that may wait.</param>
/// <param name="retryAfter">When to ask again.</param>
public sealed class QueueFullException(int limit, TimeSpan retryAfter) : Exception(string.Create(
    CultureInfo.InvariantCulture,
    $"The queue is full: {limit} images wait, and QueueLimit allows no more. Ask again in {retryAfter.TotalSeconds:0.#} s, or raise QueueLimit."))
{
    /// <summary>Gets the most images that may wait, <see cref="BatchingOptions.QueueLimit"/>.</summary>
    public int Limit => limit;

    /// <summary>Gets about how long it takes to generate what waits, by the time that the last batches took.</summary>
    /// <value>At least a second, which it is before there was any batch.</value>
    public TimeSpan RetryAfter => retryAfter;
}
