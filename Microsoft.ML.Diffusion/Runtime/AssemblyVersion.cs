using System.Reflection;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Names and versions of libraries.</summary>
internal static class AssemblyVersion
{
    /// <summary>Those of the library that has a type: the version of its package, which the assembly's may lag behind, without the commit.</summary>
    public static string Of(Type type)
    {
        var assembly = type.Assembly;
        var ofPackage = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return $"{assembly.GetName().Name} {ofPackage ?? assembly.GetName().Version?.ToString(3)}";
    }
}
