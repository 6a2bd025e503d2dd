using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>
/// Loads libtorch before TorchSharp does, once, and from the application's own folders alone: TorchSharp uses what is loaded already. By itself it
/// takes any libtorch that the system has, keeps to itself what the system's loader says of a failure, and tries on by copying the libraries of its
/// packages, 490 MB, to a folder beside its assembly if its path looks like that of a package.
/// </summary>
internal static class LibTorch
{
    private static volatile string? _file;

    /// <summary>Loads it. Each public member that may be the first to use TorchSharp calls this before it does.</summary>
    /// <returns>The path of its file, or only the name where TorchSharp shall find it.</returns>
    /// <exception cref="DllNotFoundException">It cannot be loaded; the message says what is missing and how to add it.</exception>
    public static string Load()
    {
        if (_file is { } done)
        {
            return done;
        }

        var assembly = NativeFiles.PathOf(typeof(torch).Assembly);
        var files = NativeFiles.OfApplication(assembly);
        var libtorch = LoadOf(files, LibTorchAdvice.LibTorchName);
        var torchSharp =
            libtorch.IsLoaded ? LoadOf(files, LibTorchAdvice.TorchSharpName) : default; // which would take the system's libtorch
        if (!torchSharp.IsLoaded && (LibTorchAdvice.IsOldSystem(torchSharp) || !NativeFiles.IsInPackage(assembly)))
        {
            var other = libtorch.File is null ? files.FindElsewhere(LibTorchAdvice.LibTorchName, Environment.GetEnvironmentVariable) : null;
            throw new DllNotFoundException(
                LibTorchAdvice.Of(libtorch, torchSharp, other, NativeFiles.Platform, typeof(torch).Assembly.GetName().Version!));
        }

        return _file = libtorch.File ?? files.NameOf(LibTorchAdvice.LibTorchName);
    }

    /// <summary>Loads a library, if the program has not done so itself.</summary>
    private static NativeLoad LoadOf(NativeFiles files, string name)
    {
        if (Loaded(files.NameOf(name)) is { } loaded)
        {
            return new(loaded, Failure: null);
        }

        if (files.Find(name) is not { } file)
        {
            return new(File: null, Failure: null);
        }

        if (!OperatingSystem.IsLinux() || name != LibTorchAdvice.LibTorchName)
        {
            return new(file, TryLoad(file));
        }

        // LD_LIBRARY_PATH goes before the folder of a library when Linux looks for those that it needs, but not before what is loaded already.
        TryLoadBeside(file, "libc10.so");
        var failure = TryLoad(file);
        foreach (var part in (string[])["libc10_cuda.so", "libtorch_cuda.so", "libtorch.so"])
        {
            TryLoadBeside(file, part);
        }

        return new(file, failure);
    }

    private static void TryLoadBeside(string file, string name)
    {
        var path = Path.Combine(Path.GetDirectoryName(file)!, name);
        if (File.Exists(path))
        {
            TryLoad(path); // what fails here fails for the library that needs it, too, which is then heard
        }
    }

    /// <returns>What the loader says if it fails.</returns>
    private static string? TryLoad(string path)
    {
        try
        {
            NativeLibrary.Load(path);
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            return exception.Message;
        }
    }

    /// <summary>Finds a library that the process has, which TorchSharp would use.</summary>
    private static string? Loaded(string name)
    {
        try
        {
            using var process = Process.GetCurrentProcess();
            return process.Modules.Cast<ProcessModule>()
                .Select(module => module.FileName)
                .FirstOrDefault(file => Path.GetFileName(file).Equals(name, StringComparison.OrdinalIgnoreCase));
        }
        catch (Exception exception) when (exception is Win32Exception or InvalidOperationException or NotSupportedException)
        {
            return null; // a system that does not tell
        }
    }
}
