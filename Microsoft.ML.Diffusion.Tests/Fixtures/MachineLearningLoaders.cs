using System.Reflection;
using Microsoft.ML.Diffusion.Persistence.ModelFile;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Every loader that ML.NET's catalog would find in the assemblies that a model file may name.</summary>
internal static class MachineLearningLoaders
{
    /// <summary>The assemblies and, of each, the names of its loaders, with whether fitted pipelines are read by them.</summary>
    public static IEnumerable<(Assembly Assembly, string Name, bool OfPipelines)> All() =>
        from name in MachineLearningHeader.TrustedAssemblies.Append(typeof(DiffusionTransformer).Assembly.GetName().Name!)
        let assembly = Assembly.Load(name)
        from attribute in assembly.GetCustomAttributes()
        where attribute.GetType().BaseType?.Name == "LoadableClassAttributeBase"
        let signatures = Property<Type[]>(attribute, "SigTypes").Select(type => type.Name).ToArray()
        where signatures.Any(signature => signature.StartsWith("SignatureLoad", StringComparison.Ordinal))
        from loader in Property<string[]>(attribute, "LoadNames")
        group signatures by (assembly, loader) into same
        select (
            same.Key.assembly,
            same.Key.loader,
            same.Any(signatures => signatures.Any(signature => signature is "SignatureLoadModel" or "SignatureLoadColumnFunction")));

    private static T Property<T>(Attribute attribute, string name) =>
        (T)attribute.GetType().GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!.GetValue(attribute)!;
}
