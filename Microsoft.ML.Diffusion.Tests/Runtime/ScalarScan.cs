using System.Reflection;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

/// <summary>
/// Finds, in the code of an assembly, what makes scalars of libtorch: itself, or by a call of TorchSharp, whose methods hold none of those that they
/// make or get.
/// </summary>
internal static class ScalarScan
{
    private static readonly Module _torchSharp = typeof(Scalar).Module;
    private static readonly Dictionary<MethodBase, bool> _known = [];

    /// <summary>Names each method that does, and what it calls for it.</summary>
    public static IReadOnlyList<string> Find(Assembly assembly) => [.. MethodCode.Methods(assembly).SelectMany(Find).Distinct()];

    public static IEnumerable<string> Find(MethodBase method) =>
        from called in MethodCode.Called(method)
        where called.Module == _torchSharp && Makes(called)
        select $"{method.DeclaringType!.Name}.{method.Name} calls {called.DeclaringType!.Name}.{called.Name}";

    private static bool Makes(MethodBase method)
    {
        if (!_known.TryGetValue(method, out var makes))
        {
            _known[method] = false; // for one that calls itself
            makes = IsMaker(method) || MethodCode.Called(method).Any(called => called.Module == _torchSharp && Makes(called));
            _known[method] = makes;
        }

        return makes;
    }

    private static bool IsMaker(MethodBase method) =>
        method.DeclaringType == typeof(ScalarExtensionMethods) || (method.DeclaringType == typeof(Scalar) && method.Name == "op_Implicit");
}
