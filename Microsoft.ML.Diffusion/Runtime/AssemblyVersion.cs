using System.Reflection;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Names and versions of libraries.</summary>
internal static class AssemblyVersion
{
    /// <summary>Those of the library that has a type.</summary>
    public static string Of(Type type) => $"{type.Assembly.GetName().Name} {NumberOf(type)}";

    /// <summary>The version of the package of the library that has a type, which the assembly's may lag behind, without the commit.</summary>
    public static string NumberOf(Type type)
    {
        var assembly = type.Assembly;
        var ofPackage = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];
        return ofPackage ?? assembly.GetName().Version?.ToString(3) ?? "";
    }
}
