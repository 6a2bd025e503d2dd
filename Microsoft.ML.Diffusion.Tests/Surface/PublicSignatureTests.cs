using System.Reflection;

namespace Microsoft.ML.Diffusion.Tests.Surface;

/// <summary>What users see of the library: no type of TorchSharp, whose assembly's version is strict, and results that can gain members.</summary>
[TestClass]
public sealed class PublicSignatureTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Type[] _types = typeof(DiffusionTransformer).Assembly.GetExportedTypes();

    [TestMethod]
    public void Signatures_HaveNoTypeOfTorchSharp()
    {
        var seen = _types.SelectMany(type => Seen(type).SelectMany(Parts).Select(part => (Member: type.FullName, Type: part))).ToList();

        var found =
            seen.Where(one => one.Type.Assembly.GetName().Name!.StartsWith("TorchSharp", StringComparison.Ordinal)).Distinct().ToList();

        Assert.IsEmpty(found, string.Join(", ", found));
        Assert.IsGreaterThan(500, seen.Count);
    }

    [TestMethod]
    public void Seeds_AreOfOneType()
    {
        var seeds =
            _types.Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal))
                .Select(type => type.GetProperty("Seed"))
                .OfType<PropertyInfo>()
                .ToList();

        Assert.IsGreaterThanOrEqualTo(4, seeds.Count);
        Assert.IsTrue(seeds.TrueForAll(seed => seed.PropertyType == typeof(long?)), string.Join(", ", seeds));
    }

    /// <summary>A record's constructor and Deconstruct name all members: one more breaks whoever was compiled against them.</summary>
    [TestMethod]
    public void Records_AreWhatUsersMake_AndNotWhatTheyAreGiven()
    {
        var records = _types.Where(type => type.GetMethod("<Clone>$") is not null && type != typeof(Sampler)).ToList();

        Assert.IsGreaterThanOrEqualTo(15, records.Count);
        Assert.IsEmpty(records.Where(type => type.GetMethod("Deconstruct") is not null).ToList(), "no positional record");
        Assert.IsTrue(
            records.TrueForAll(
                type => type.GetConstructors().Length > 0
                    || type.GetMethods(BindingFlags.Public | BindingFlags.Static).Any(method => method.ReturnType == type)));
    }

    private static IEnumerable<Type> Seen(Type type)
    {
        var methods = type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)).Where(IsSeen).ToList();
        var fields = type.GetFields(Declared).Where(field => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly);
        return methods.SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType)
            .Concat(methods.OfType<MethodInfo>().SelectMany(
                method =>
                    method.GetGenericArguments()
                        .SelectMany(argument => argument.GetGenericParameterConstraints())
                        .Append(method.ReturnType)))
            .Concat(fields.Select(field => field.FieldType))
            .Concat(type.GetInterfaces())
            .Concat(type.BaseType is { } up ? [up] : []);
    }

    private static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static IEnumerable<Type> Parts(Type type) => type.HasElementType
        ? Parts(type.GetElementType()!)
        : type.GetGenericArguments().Where(argument => argument != type).SelectMany(Parts).Prepend(type);
}
