using OpenMachineLearning;

if (args is not [var source, var destination])
{
    return Fail("Usage: OpenMachineLearning <managed dll> <opened copy>");
}

try
{
    AssemblyOpener.Open(source, destination);
    return 0;
}
catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or BadImageFormatException)
{
    return Fail(exception.Message);
}

// The format in which MSBuild recognises an error.
static int Fail(string message)
{
    Console.Error.WriteLine($"OpenMachineLearning : error : {message}");
    return 1;
}
