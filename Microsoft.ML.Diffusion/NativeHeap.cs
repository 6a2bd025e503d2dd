using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Tells glibc to keep freed memory. By default it returns every large tensor to the system and gets it back, page by page, for the
/// next one, which costs a small network on the CPU a tenth of its speed or more.
/// </summary>
/// <remarks>For the whole process, once; the AppContext switch <see cref="Switch"/> set to false leaves the settings alone.</remarks>
internal static partial class NativeHeap
{
    public const string Switch = "Microsoft.ML.Diffusion.TuneNativeHeap";

    private const int TrimThreshold = -1;
    private const int TopPad = -2;
    private const int MmapThreshold = -3;

    private static readonly Lazy<bool> _tuned = new(Apply);

    /// <summary>Applies the settings if this has not been done yet.</summary>
    /// <returns>Whether they are in force.</returns>
    public static bool Tune() => _tuned.Value;

    private static bool Apply()
    {
        if (!OperatingSystem.IsLinux() || (AppContext.TryGetSwitch(Switch, out var isOn) && !isOn))
        {
            return false;
        }

        try
        {
            // mallopt takes an int: 2 GiB - 1 is the most that trimming can be put off.
            return MallOpt(MmapThreshold, 32 << 20) == 1 && MallOpt(TrimThreshold, int.MaxValue) == 1 && MallOpt(TopPad, 256 << 20) == 1;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false; // another C library, such as musl
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);
}
