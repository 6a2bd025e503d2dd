using System.Globalization;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>How every text here gives a length of time: 04:05:06, or 3 days 04:05:06.</summary>
internal static class TimeText
{
    public static string Of(TimeSpan time)
    {
        var clock = time.ToString(@"hh\:mm\:ss", CultureInfo.InvariantCulture);
        return time.Days switch
        {
            0 => clock,
            1 => $"1 day {clock}",
            var days => string.Create(CultureInfo.InvariantCulture, $"{days} days {clock}"),
        };
    }
}
