namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Tells what is wrong with a program from what is wrong with the data that it reads, which is told of a file or a row by name.</summary>
internal static class ProgramFault
{
    /// <summary>Whether an exception is about an assembly, a native library or memory: no file of data is to be blamed for it.</summary>
    public static bool Is(Exception exception) => exception switch
    {
        FileLoadException or BadImageFormatException => true,
        TypeLoadException or MissingMemberException or TypeInitializationException => true, // DllNotFoundException is one of the first
        OutOfMemoryException => true,
        FileNotFoundException { FileName: { } name } => !Path.IsPathRooted(name), // an assembly's: data have whole paths
        _ => false,
    };

    /// <summary>Whether an exception tells that a file of data cannot be used.</summary>
    public static bool IsOfFile(Exception exception) =>
        exception is InvalidDataException or IOException or UnauthorizedAccessException && !Is(exception);
}
