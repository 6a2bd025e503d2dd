using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>What CUDA needs, looked for without TorchSharp: the driver of the system, and libtorch for CUDA beside the application.</summary>
internal static class CudaFiles
{
    /// <summary>Gets the NVIDIA driver's library.</summary>
    public static string DriverName => OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1";

    /// <summary>Gets whether the driver's library loads.</summary>
    public static bool HasDriver { get; } = NativeLibrary.TryLoad(DriverName, out _);

    /// <summary>Gets the version of TorchSharp that the library is made for.</summary>
    public static Version TorchSharpVersion { get; } =
        typeof(CudaFiles).Assembly.GetReferencedAssemblies().First(reference => reference.Name == "TorchSharp").Version!;

    /// <summary>Says whether the application has libtorch for CUDA.</summary>
    public static bool HasLibTorch() => HasLibTorch(NativeFiles.OfApplication(TorchSharpAssembly()));

    /// <summary>Says whether there is libtorch for CUDA in some folders.</summary>
    public static bool HasLibTorch(NativeFiles files) => files.Find("torch_cuda") is not null || files.HasCudaPackage;

    /// <summary>The path of TorchSharp's assembly among those that the host would load; "" if it is not among them.</summary>
    /// <param name="assemblies">The host's list.</param>
    public static string TorchSharpAssembly(string? assemblies) =>
        (assemblies ?? "").Split(Path.PathSeparator).FirstOrDefault(
            path => Path.GetFileName(path).Equals("TorchSharp.dll", StringComparison.OrdinalIgnoreCase)) ?? "";

    // In a notebook the host knows nothing of it, but the notebook may have loaded it.
    private static string TorchSharpAssembly() =>
        AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(assembly => assembly.GetName().Name == "TorchSharp") is { } loaded
            ? NativeFiles.PathOf(loaded)
            : TorchSharpAssembly(AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string);
}
