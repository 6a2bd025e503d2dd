using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Reads the rows of a feature column, each checked.</summary>
internal static class FeatureReader
{
    /// <summary>A covariance has the square of this many numbers, 512 MiB.</summary>
    public const int MaximumNumberOfFeatures = 8192;

    private const string Expected = "a vector of Single or Double of known size";

    /// <summary>Finds the column and its number of features.</summary>
    public static (DataViewSchema.Column Column, int Features) Find(DataViewSchema schema, string name, string parameter)
    {
        var column = schema.GetColumnOrNull(name) ?? throw ColumnErrors.Missing(schema, parameter, "feature", name);
        var isVector =
            column.Type is VectorDataViewType { IsKnownSize: true } vector
                && (vector.ItemType == NumberDataViewType.Single || vector.ItemType == NumberDataViewType.Double);
        var features =
            isVector
                ? ((VectorDataViewType)column.Type).Size
                : throw ColumnErrors.OtherType(parameter, "feature", name, Expected, column.Type.ToString()!);
        return features <= MaximumNumberOfFeatures
            ? (column, features)
            : throw new ArgumentOutOfRangeException(
                parameter,
                features,
                $"Column '{name}' must have at most {MaximumNumberOfFeatures} features, because covariances have the square of that, and distances tell less the more there are. Reduce them, such as by ProjectToPrincipalComponents.");
    }

    /// <summary>The rows, each in the same array.</summary>
    public static IEnumerable<float[]> Read(
        IDataView data,
        DataViewSchema.Column column,
        int features,
        string parameter,
        CancellationToken cancellationToken) =>
        ((VectorDataViewType)column.Type).ItemType == NumberDataViewType.Single
            ? Read<float>(data, column, features, parameter, value => value, cancellationToken)
            : Read<double>(data, column, features, parameter, value => (float)value, cancellationToken);

    private static IEnumerable<float[]> Read<TItem>(
        IDataView data,
        DataViewSchema.Column column,
        int features,
        string parameter,
        Func<TItem, float> convert,
        CancellationToken cancellationToken)
    {
        using var cursor = data.GetRowCursor([column]);
        var get = cursor.GetGetter<VBuffer<TItem>>(column);
        var buffer = default(VBuffer<TItem>);
        var row = new float[features];
        while (cursor.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            get(ref buffer);
            Array.Clear(row);
            foreach (var (index, item) in buffer.Items())
            {
                row[index] = convert(item);
                if (!float.IsFinite(row[index]))
                {
                    throw new InvalidOperationException(
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"Row {cursor.Position} of {parameter}: value {index} of column '{column.Name}' is {item}, expected a finite number. Remove the row or repair the value."));
                }
            }

            yield return row;
        }
    }
}
