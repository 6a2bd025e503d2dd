using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What a run says in <c>MLContext.Log</c>: of several processes the first one, for all.</summary>
/// <param name="channel">The log.</param>
/// <param name="group">The processes.</param>
internal sealed class RunLog(IChannel channel, RunGroup group)
{
    /// <summary>Tells something.</summary>
    public void Tell(string text)
    {
        if (group.IsFirst)
        {
            channel.Info(MessageSensitivity.None, text);
        }
    }

    /// <summary>Warns.</summary>
    public void Warn(string text)
    {
        if (group.IsFirst)
        {
            channel.Warning(MessageSensitivity.None, text);
        }
    }

    /// <summary>Tells how long processes added up gradients.</summary>
    public void Tell(GroupClock clock)
    {
        if (clock.Steps > 0)
        {
            Tell(FormattableString.Invariant(
                $"{group.Size} processes added up their gradients in {clock.Busy.TotalSeconds / clock.Steps * 1e3:G3} ms of each step, of which {clock.HiddenShare:P0} passed while others were still computed."));
        }
    }
}
