using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>An image and the training image nearest to it, in the space of some features.</summary>
/// <param name="Row">The image's row, counted from 0.</param>
/// <param name="TrainingRow">The row of the nearest training image, counted from 0; of equal ones the first.</param>
/// <param name="Distance">The Euclidean distance of both, at least 0.</param>
/// <param name="RelativeDistance">
/// That distance as a part of the image's mean distance to the next <see cref="MemorizationOptions.NumberOfNeighbours"/> training images, 0..1: 0 is a copy,
/// and near 1 is what lies between training images without belonging to one.
/// </param>
public readonly record struct TrainingMatch(int Row, int TrainingRow, double Distance, double RelativeDistance)
{
    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
