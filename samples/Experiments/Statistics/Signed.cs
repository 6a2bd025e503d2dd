using System.Globalization;

namespace Experiments.Statistics;

/// <summary>Differences, which are told with their sign.</summary>
internal static class Signed
{
    /// <summary>A difference with two digits: +0.12, -0.12, or 0.00 where these two see none.</summary>
    public static string Text(double difference) => Rounded(difference).ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);

    /// <summary>A number with two digits, without a sign where these are 0.</summary>
    public static string Plain(double value) => Rounded(value).ToString("F2", CultureInfo.InvariantCulture);

    private static double Rounded(double value) => Math.Round(value, 2) + 0.0; // the sum is 0 where the rounded value is -0
}
