namespace Microsoft.ML.Diffusion.Training;

/// <summary>The moments at which another equal share of a run's budget is over, whatever the budget counts.</summary>
/// <param name="every">The share.</param>
/// <param name="start">What is over already, of a run that is resumed: its moments do not come again.</param>
internal sealed class BudgetShares(double every, double start)
{
    private const double Rounding = 1e-9; // 0.3 / 0.1 is less than 3

    private int _passed = Passed(every, start);

    /// <summary>Whether such a moment has come since the last call.</summary>
    public bool IsDue(double fraction)
    {
        var (before, now) = (_passed, Passed(every, fraction));
        _passed = Math.Max(before, now);
        return now > before;
    }

    private static int Passed(double every, double fraction) => (int)Math.Floor((Math.Min(1, fraction) / every) + Rounding);
}
