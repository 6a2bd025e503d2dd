using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>Everything of ML.NET that the library uses although it is not public, so that a new ML.NET fails here and not at a user's.</summary>
[TestClass]
public sealed class MachineLearningInternalsTests
{
    private static readonly string[] _used =
    [
        "Microsoft.ML.Data.AnnotationBuilderExtensions",
        "Microsoft.ML.Data.AnnotationBuilderExtensions.AddKeyValues",
        "Microsoft.ML.Data.CatalogUtils",
        "Microsoft.ML.Data.CatalogUtils.GetEnvironment",
        "Microsoft.ML.Data.EmptyDataView",
        "Microsoft.ML.Data.EmptyDataView..ctor",
        "Microsoft.ML.Data.IInternalCatalog",
        "Microsoft.ML.Data.IO.BinaryLoader",
        "Microsoft.ML.Data.IO.BinaryLoader+Arguments",
        "Microsoft.ML.Data.IO.BinaryLoader+Arguments..ctor",
        "Microsoft.ML.Data.IO.BinaryLoader..ctor",
        "Microsoft.ML.LoadableClassAttribute",
        "Microsoft.ML.LoadableClassAttribute..ctor",
        "Microsoft.ML.ModelLoadContext",
        "Microsoft.ML.ModelLoadContext.CheckAtModel",
        "Microsoft.ML.ModelLoadContext.LoadModelOrNull",
        "Microsoft.ML.ModelLoadContext.TryLoadBinaryStream",
        "Microsoft.ML.ModelSaveContext.CheckAtModel",
        "Microsoft.ML.ModelSaveContext.SaveBinaryStream",
        "Microsoft.ML.ModelSaveContext.SaveModel",
        "Microsoft.ML.ModelSaveContext.SetVersionInfo",
        "Microsoft.ML.Repository",
        "Microsoft.ML.Repository+Entry",
        "Microsoft.ML.Repository+Entry.get_Stream",
        "Microsoft.ML.RepositoryReader",
        "Microsoft.ML.RepositoryReader.Open",
        "Microsoft.ML.RepositoryReader.OpenEntryOrNull",
        "Microsoft.ML.RepositoryWriter",
        "Microsoft.ML.RepositoryWriter.Commit",
        "Microsoft.ML.RepositoryWriter.CreateEntry",
        "Microsoft.ML.RepositoryWriter.CreateNew",
        "Microsoft.ML.Runtime.ICancelable",
        "Microsoft.ML.Runtime.ICancelable.get_IsCanceled",
        "Microsoft.ML.Runtime.IHostEnvironmentInternal",
        "Microsoft.ML.Runtime.IHostEnvironmentInternal.get_FallbackToCpu",
        "Microsoft.ML.Runtime.IHostEnvironmentInternal.get_GpuDeviceId",
        "Microsoft.ML.Runtime.IHostEnvironmentInternal.get_Seed",
        "Microsoft.ML.Runtime.IHostEnvironmentInternal.get_TempFilePath",
        "Microsoft.ML.SchemaShape+Column..ctor",
        "Microsoft.ML.SchemaShape+Column.GetTypeString",
        "Microsoft.ML.SchemaShape.TryFindColumn",
        "Microsoft.ML.SignatureLoadModel",
        "Microsoft.ML.VersionInfo",
        "Microsoft.ML.VersionInfo..ctor",
    ];

    [TestMethod]
    public void Library_UsesThisOfMachineLearningsInternals_AndAllOfItExists()
    {
        var used = References().Where(member => !IsPublic(member)).Select(Name).Distinct().Order(StringComparer.Ordinal).ToArray();

        Assert.AreEqual(string.Join('\n', _used), string.Join('\n', used));
    }

    // Each reference from the library's metadata to a type or member of ML.NET, found in the ML.NET that runs; a missing one throws.
    private static IEnumerable<MemberInfo> References()
    {
        var library = typeof(DiffusionTransformer).Assembly;
        using var file = new PEReader(File.OpenRead(library.Location));
        var metadata = file.GetMetadataReader();
        foreach (var handle in metadata.TypeReferences)
        {
            if (IsMachineLearning(metadata, handle))
            {
                yield return library.ManifestModule.ResolveType(MetadataTokens.GetToken(handle));
            }
        }

        foreach (var handle in metadata.MemberReferences)
        {
            var parent = metadata.GetMemberReference(handle).Parent;
            if (parent.Kind == HandleKind.TypeReference && IsMachineLearning(metadata, (TypeReferenceHandle)parent))
            {
                yield return library.ManifestModule.ResolveMember(MetadataTokens.GetToken(handle))!;
            }
        }
    }

    private static bool IsMachineLearning(MetadataReader metadata, TypeReferenceHandle handle)
    {
        var scope = metadata.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => IsMachineLearning(metadata, (TypeReferenceHandle)scope),
            HandleKind.AssemblyReference =>
                metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name)
                    is var assembly && assembly.StartsWith("Microsoft.ML.", StringComparison.Ordinal) && !assembly.StartsWith("Microsoft.ML.Diffusion", StringComparison.Ordinal),
            _ => false,
        };
    }

    private static bool IsPublic(MemberInfo member) => member switch
    {
        Type type => type.IsVisible,
        MethodBase method => (method.IsPublic || method.IsFamily) && method.DeclaringType!.IsVisible,
        FieldInfo field => field.IsPublic && field.DeclaringType!.IsVisible,
        _ => true,
    };

    private static string Name(MemberInfo member) =>
        member is Type type ? type.FullName! : $"{member.DeclaringType!.FullName}.{member.Name}";
}
