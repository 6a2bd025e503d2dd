using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Loads libtorch before TorchSharp does, once. TorchSharp keeps to itself what the system's loader says of a failure, and looks on by copying
/// the libraries of its packages, 490 MB, to a folder beside its assembly.
/// </summary>
internal static class LibTorch
{
    private static volatile bool _isLoaded;

    /// <summary>Loads it. Each public member that may be the first to use TorchSharp calls this before it does.</summary>
    /// <exception cref="DllNotFoundException">It cannot be loaded; the message says what is missing and how to add it.</exception>
    public static void Load()
    {
        if (_isLoaded)
        {
            return;
        }

        // The names, the assembly and the order by which TorchSharp loads them for the CPU: what succeeds here succeeds there.
        var libtorch = TryLoad(LibTorchAdvice.LibTorchName);
        if (TryLoad(LibTorchAdvice.TorchSharpName) is { } failure)
        {
            throw new DllNotFoundException(LibTorchAdvice.Of(libtorch, failure, Platform(), typeof(torch).Assembly.GetName().Version!));
        }

        _isLoaded = true;
    }

    /// <returns>What the loader says if it fails.</returns>
    private static string? TryLoad(string name)
    {
        try
        {
            NativeLibrary.Load(name, typeof(torch).Assembly, null);
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            return exception.Message;
        }
    }

    private static string Platform()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
    }
}
