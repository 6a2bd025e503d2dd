using System.Globalization;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A culture that writes every number and date unlike the invariant one. It needs no data of the system's.</summary>
internal static class OtherCulture
{
    private static readonly CultureInfo _culture = Create();

    /// <summary>Does what is asked as a program of that culture does.</summary>
    public static T In<T>(Func<T> action)
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = _culture;
        try
        {
            return action();
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static CultureInfo Create()
    {
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        var (numbers, dates) = (culture.NumberFormat, culture.DateTimeFormat);
        (
            numbers.NumberDecimalSeparator,
            numbers.NumberGroupSeparator,
            numbers.PercentDecimalSeparator,
            numbers.PercentGroupSeparator) = (",", ".", ",", ".");
        (numbers.NegativeSign, numbers.PercentSymbol, numbers.NaNSymbol, numbers.PositiveInfinitySymbol) = ("~", "pc", "none", "endless");
        (dates.DateSeparator, dates.TimeSeparator, dates.ShortDatePattern, dates.LongTimePattern) = ("-", ".", "dd/MM/yyyy", "HH:mm:ss");
        return culture;
    }
}
