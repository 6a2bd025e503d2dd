namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>NumPy's ranges to the last bit: which side of a half a peer's timestep lies on depends on it.</summary>
internal static class NumPy
{
    public static double[] Linspace(double start, double stop, int count)
    {
        var step = count > 1 ? (stop - start) / (count - 1) : 0;
        var values = Enumerable.Range(0, count).Select(i => (i * step) + start).ToArray();
        if (count > 1)
        {
            values[^1] = stop;
        }

        return values;
    }

    /// <summary>Down from <paramref name="start"/>, 0 excluded; NumPy adds multiples of the first difference, not of the step.</summary>
    public static double[] ArangeDown(double start, double step)
    {
        var difference = start - step - start;
        return [.. Enumerable.Range(0, (int)Math.Ceiling((0 - start) / -step)).Select(i => start + (i * difference))];
    }

    /// <summary>Rounds half to even, as NumPy and Python do.</summary>
    public static int[] Round(IEnumerable<double> values) => [.. values.Select(value => (int)Math.Round(value, MidpointRounding.ToEven))];
}
