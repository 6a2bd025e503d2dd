using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Loads libtorch before TorchSharp does, once. TorchSharp keeps to itself what the system's loader says of a failure, and tries on by copying
/// the libraries of its packages, 490 MB, to a folder beside its assembly if its path looks like that of a package.
/// </summary>
internal static class LibTorch
{
    private static volatile bool _isDone;

    /// <summary>Loads it. Each public member that may be the first to use TorchSharp calls this before it does.</summary>
    /// <exception cref="DllNotFoundException">It cannot be loaded; the message says what is missing and how to add it.</exception>
    public static void Load()
    {
        if (_isDone)
        {
            return;
        }

        // The names, the assembly and the order by which TorchSharp loads them for the CPU: what succeeds here succeeds there.
        var libtorch = TryLoad(LibTorchAdvice.LibTorchName);
        if (TryLoad(LibTorchAdvice.TorchSharpName) is { } failure && (LibTorchAdvice.IsOldSystem(failure) || !IsInPackage(typeof(torch).Assembly.Location)))
        {
            throw new DllNotFoundException(LibTorchAdvice.Of(libtorch, failure, Platform(), typeof(torch).Assembly.GetName().Version!));
        }

        _isDone = true;
    }

    /// <summary>
    /// Says whether TorchSharp's assembly is used where a package is unpacked, packages/torchsharp/version/lib/framework, as notebooks and scripts do. There each
    /// package's libraries are in a folder of their own, and TorchSharp's copying is what makes them load.
    /// </summary>
    internal static bool IsInPackage(string assembly) =>
        assembly.Split('/', '\\') is [.., var package, _, "lib", _, _] && package.Equals("torchsharp", StringComparison.OrdinalIgnoreCase);

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
