using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// A list of an option: a copy that nobody changes any more, equal to every other one of the same elements, so that the records that hold it are
/// equal by value too.
/// </summary>
internal sealed class EquatableList<T>(IEnumerable<T> elements) : IReadOnlyList<T>, IEquatable<EquatableList<T>>
{
    private readonly T[] _elements = [.. elements];

    public int Count => _elements.Length;

    public T this[int index] => _elements[index];

    public bool Equals(EquatableList<T>? other) => other is not null && _elements.AsSpan().SequenceEqual(other._elements);

    public override bool Equals(object? obj) => Equals(obj as EquatableList<T>);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (var element in _elements)
        {
            hash.Add(element);
        }

        return hash.ToHashCode();
    }

    public IEnumerator<T> GetEnumerator() => _elements.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _elements.GetEnumerator();
}

/// <summary>Makes <see cref="EquatableList{T}"/> where options are set.</summary>
internal static class EquatableList
{
    /// <summary>Copies what was given; nothing stays nothing, for those who check it.</summary>
    [return: NotNullIfNotNull(nameof(elements))]
    public static EquatableList<T>? Of<T>(IReadOnlyList<T>? elements) =>
        elements is null ? null : elements as EquatableList<T> ?? new(elements);
}
