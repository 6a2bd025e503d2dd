using System.Reflection;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary>The names that documents may call code by: those of this library, its tests and ML.NET.</summary>
internal static class CodeNames
{
    private const BindingFlags Anything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;

    // Compiler-generated types have names of their own kind.
    private static readonly ILookup<string, Type> _types = new[] { typeof(DiffusionTransformer).Assembly, typeof(CodeNames).Assembly }
        .SelectMany(assembly => assembly.GetTypes())
        .ToLookup(type => type.Name);

    // Type, Member and Type.Member.
    private static readonly Lazy<HashSet<string>> _public = new(() =>
    [
        .. new[] { typeof(DiffusionTransformer).Assembly, typeof(MLContext).Assembly, typeof(IDataView).Assembly, typeof(MLImage).Assembly, typeof(ImagePixelExtractingEstimator).Assembly }
            .SelectMany(assembly => assembly.GetExportedTypes())
            .Select(type => (Name: type.Name.Split('`')[0], Members: type.GetMembers().Select(member => member.Name)))
            .SelectMany(type => type.Members.SelectMany(member => (string[])[member, $"{type.Name}.{member}"]).Append(type.Name)),
    ]);

    /// <summary>The types of users' options.</summary>
    public static IEnumerable<Type> Options =>
        typeof(DiffusionTransformer).Assembly.GetExportedTypes().Where(type =>
            type.Name.EndsWith("Options", StringComparison.Ordinal) || type == typeof(UNetDetails));

    /// <summary>Whether a type, or a member as Type.Member, is there, public or not.</summary>
    public static bool Exists(string name) =>
        _types.Contains(name)
            || (name.Split('.') is [var type, var member] && _types[type].Any(found => found.GetMember(member, Anything).Length > 0));

    /// <summary>Whether users find a type, a member, or a Type.Member of this name.</summary>
    public static bool IsPublic(string name) => _public.Value.Contains(name);

    public static IEnumerable<MethodInfo> Methods(string name) =>
        name.Split('.') is [var type, var member]
            ? _types[type].SelectMany(found => found.GetMember(member, Anything)).OfType<MethodInfo>()
            : [];
}
