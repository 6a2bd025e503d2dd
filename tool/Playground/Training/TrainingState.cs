namespace Diffusion.Tool.Playground.Training;

/// <summary>What a training that is watched is at.</summary>
internal enum TrainingState
{
    /// <summary>Images are read and options planned.</summary>
    Preparing,

    /// <summary>Steps are taken.</summary>
    Running,

    /// <summary>It is to wait, and finishes its step.</summary>
    Pausing,

    /// <summary>It waits.</summary>
    Paused,

    /// <summary>It is to end and keep its model, and finishes its step.</summary>
    Stopping,

    /// <summary>The model is written, and a report drawn.</summary>
    Finishing,

    /// <summary>It is over, and its model written.</summary>
    Done,

    /// <summary>It is over, and there is no model of it.</summary>
    Failed,
}
