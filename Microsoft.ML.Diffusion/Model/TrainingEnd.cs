using System.Text.Json.Serialization;

namespace Microsoft.ML.Diffusion;

/// <summary>Why training ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<TrainingEnd>))]
public enum TrainingEnd
{
    /// <summary>A budget was spent.</summary>
    Budget,

    /// <summary>The validation loss had not fallen for <see cref="ValidationOptions.Patience"/> validations.</summary>
    EarlyStopping,

    /// <summary>It was cancelled, and <see cref="TrainingOptions.ReturnModelOnCancellation"/> asked for the model so far.</summary>
    Cancelled,

    /// <summary>It has not: the model is of a file that <see cref="TrainingOptions.ModelFile"/> keeps up to date.</summary>
    Running,
}
