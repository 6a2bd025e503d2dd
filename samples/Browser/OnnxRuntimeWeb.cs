using System.ComponentModel;
using System.Diagnostics;
using Microsoft.ML.Diffusion.Samples;

namespace Browser;

/// <summary>ONNX Runtime for the web, of the version that <c>npm/package-lock.json</c> pins by its hash.</summary>
public static class OnnxRuntimeWeb
{
    private const string Modules = "node_modules";

    // The processor's and the graphics card's; each is a script, and the module of WebAssembly that it loads. A visitor loads one pair.
    private static readonly string[] _files =
    [
        "ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm",
        "ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs", "ort-wasm-simd-threaded.asyncify.wasm",
    ];

    /// <summary>Has npm get it, once, and copies what a page needs of it.</summary>
    /// <param name="folder">Where to; it is made.</param>
    /// <param name="npm">How npm is called.</param>
    /// <exception cref="IOException">npm is missing or failed: its own words are in the message.</exception>
    public static void CopyTo(string folder, string npm)
    {
        var home = Path.Combine(AppContext.BaseDirectory, "npm");
        var dist = Path.Combine(home, Modules, "onnxruntime-web", "dist");
        if (!_files.All(file => File.Exists(Path.Combine(dist, file))))
        {
            Install(home, npm);
        }

        WholeFile.MakeFolder(folder);
        foreach (var file in _files)
        {
            WholeFile.Write(Path.Combine(folder, file), path => File.Copy(Path.Combine(dist, file), path));
        }
    }

    // Beside its place and then moved there: nobody sees a half, and two programs may do it at once.
    private static void Install(string home, string npm)
    {
        var partial = Directory.CreateDirectory(Path.Combine(home, Path.GetRandomFileName())).FullName;
        try
        {
            foreach (var name in new[] { "package.json", "package-lock.json" })
            {
                File.Copy(Path.Combine(home, name), Path.Combine(partial, name));
            }

            Run(npm, partial);
            if (!Directory.Exists(Path.Combine(home, Modules)))
            {
                Directory.Move(Path.Combine(partial, Modules), Path.Combine(home, Modules));
            }
        }
        finally
        {
            Directory.Delete(partial, recursive: true);
        }
    }

    private static void Run(string npm, string folder)
    {
        var start = new ProcessStartInfo(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var error = process.StandardError.ReadToEnd() + output.Result;
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new IOException($"npm could not get onnxruntime-web:{Environment.NewLine}{error}");
            }
        }
        catch (Win32Exception cause)
        {
            throw new IOException(
                $"'{npm}' cannot be started ({cause.Message}). It gets onnxruntime-web: install Node.js, or name npm with --npm.",
                cause);
        }
    }
}
