namespace Experiments;

/// <summary>How much of an experiment is done.</summary>
internal enum RunSize
{
    /// <summary>What shows within seconds that it runs; its figures mean nothing.</summary>
    Quick,

    /// <summary>What two CPU cores do in ten minutes.</summary>
    Usual,

    /// <summary>The whole counts.</summary>
    Full,
}
