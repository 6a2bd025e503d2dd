using System.Runtime.CompilerServices;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Messages of this library with other names for its options: for programs whose users know them by those of a command line or a form.
/// </summary>
public static class OptionMessages
{
    private const string Key = "Microsoft.ML.Diffusion.OptionText";

    // By the object, not by what it says; gone with it.
    private static readonly ConditionalWeakTable<string, OptionText> _logged = [];

    /// <summary>Says what an exception says, with the program's names of options.</summary>
    /// <param name="exception">Of this library or any other; what names no option stays as it is.</param>
    /// <param name="nameOf">
    /// The program's name for an option of this library, which is given as in its messages: <c>LearningRate</c>, <c>Validation.Patience</c>.
    /// <see langword="null"/> keeps the library's.
    /// </param>
    /// <returns>The message, without the parameter and the value that .NET appends to those about arguments.</returns>
    /// <remarks>
    /// Names are parts of such messages, not words that are looked for in them. <see cref="ArgumentException.ParamName"/> of an
    /// <see cref="ArgumentException"/> is the option that it is about, and the value is in <see cref="ArgumentOutOfRangeException.ActualValue"/>.
    /// </remarks>
    public static string Format(Exception exception, Func<string, string?> nameOf)
    {
        ArgumentNullException.ThrowIfNull(exception);
        ArgumentNullException.ThrowIfNull(nameOf);
        return TextOf(exception).ToString(nameOf);
    }

    /// <summary>Says what a message of <c>MLContext.Log</c> says, with the program's names of options.</summary>
    /// <param name="message">The <c>RawMessage</c> that the log gave, the very object; of others, and of what names no option, the text stays as it is.</param>
    /// <param name="nameOf">The program's name for an option of this library, as above.</param>
    /// <returns>The message.</returns>
    public static string Format(string message, Func<string, string?> nameOf)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(nameOf);
        return _logged.TryGetValue(message, out var text) ? text.ToString(nameOf) : message;
    }

    /// <summary>Makes a message for a log that names options.</summary>
    internal static string ForLog(OptionText text)
    {
        var message = text.ToString();
        _logged.AddOrUpdate(message, text);
        return message;
    }

    /// <summary>Makes an exception whose message names options.</summary>
    internal static TException Of<TException>(OptionText text, Func<string, TException> create)
        where TException : Exception
    {
        var exception = create(text.ToString());
        exception.Data[Key] = text;
        return exception;
    }

    /// <summary>The message of an exception with what it knows of options; of others, an option is one that their parameter is called by.</summary>
    internal static OptionText TextOf(Exception exception)
    {
        if (exception.Data[Key] is OptionText text)
        {
            return text;
        }

        if (exception is not ArgumentException { ParamName: { Length: > 0 } parameter })
        {
            return OptionText.Of(exception.Message);
        }

        var end = exception.Message.IndexOf($" (Parameter '{parameter}')", StringComparison.Ordinal); // the runtime's
        var message = end < 0 ? exception.Message : exception.Message[..end];
        if (!message.StartsWith($"{parameter} ", StringComparison.Ordinal))
        {
            return OptionText.Of(message);
        }

        return $"{new OptionName(parameter)}{message[parameter.Length..]}";
    }
}
