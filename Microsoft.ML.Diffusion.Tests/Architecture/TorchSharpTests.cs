using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Architecture;

/// <summary>
/// TorchSharp is used in Engines/Torch alone, and what is there is named from outside only where the runtime, which compiles a method as a whole, does not load it
/// before it is used.
/// </summary>
[TestClass]
public sealed partial class TorchSharpTests
{
    private const string Room = "Microsoft.ML.Diffusion.Engines.Torch";

    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly _library = typeof(DiffusionTransformer).Assembly;

    /// <summary>All types, by whether they are of the room.</summary>
    private static readonly ILookup<bool, Type> _types =
        _library.GetTypes().Where(type => type.DeclaringType is null).ToLookup(type => type.Namespace == Room);

    private static readonly HashSet<Type> _laden = Laden();

    [TestMethod]
    public void Sources_OutsideOfTheRoom_HaveNoUsingOfTorchSharp()
    {
        var users =
            TypeArrows.Files(BuildFiles.InRoot("Microsoft.ML.Diffusion")).SelectMany(files => files)
                .Distinct()
                .ToLookup(
                    file => file.StartsWith("Engines/Torch/", StringComparison.Ordinal),
                    file => (File: file, Uses: Using().IsMatch(File.ReadAllText(BuildFiles.InRoot("Microsoft.ML.Diffusion", file)))));

        Assert.IsGreaterThan(15, users[true].Count(file => file.Uses), "they are seen");
        Assert.IsGreaterThan(200, users[false].Count());
        Assert.IsEmpty(users[false].Where(file => file.Uses).Select(file => file.File).ToList());
    }

    [TestMethod]
    public void Types_OutsideOfTheRoom_ReferToNothingOfTorchSharp()
    {
        var referring = (from type in _types[false]
                         from named in TypeArrows.NamedBy(type)
                         where IsOfTorchSharp(named)
                         select $"{type.FullName} refers to {named.Name}").ToList();

        Assert.IsEmpty(referring, string.Join('\n', referring));
    }

    [TestMethod]
    public void Room_WhatLeadsToTorchSharp_IsNamedThroughOneDoor()
    {
        var doors = from type in _types[false]
                    from named in TypeArrows.UsedBy(type)
                    where _laden.Contains(named)
                    select $"{type.Name} names {named.Name}";

        CollectionAssert.AreEquivalent(
            (string[])
            [
                $"{nameof(DeviceProbe)} names {nameof(TorchEngine)}",
                $"{nameof(NetworkEngine)} names {nameof(TorchEngine)}",
            ],
            doors.ToList());
    }

    [TestMethod]
    public void Methods_OfTheDoor_AreNotInlinedWhereTheyLeadToTorchSharp()
    {
        var leading =
            MethodCode.Methods(_library)
                .Where(method => method.DeclaringType == typeof(TorchEngine))
                .Where(method => TypeArrows.NamedBy(method).Any(named => IsOfTorchSharp(named) || (named != typeof(TorchEngine) && _laden.Contains(named))))
                .ToList();

        CollectionAssert.AreEquivalent(
            (string[])["Load", "CreateNetwork", "get_DeviceCount", "get_Library"],
            leading.Select(method => method.Name).ToArray());
        Assert.IsTrue(leading.TrueForAll(method => method.MethodImplementationFlags.HasFlag(MethodImplAttributes.NoInlining)));
    }

    /// <summary>ML.NET asks the assembly for all its types; with a type the runtime loads its bases, and the types of fields that are values.</summary>
    [TestMethod]
    public void Types_AllOfTheLibrary_LoadWithoutTorchSharp()
    {
        var loading = (from type in _library.GetTypes()
                       let fields = type.GetFields(All).Select(field => field.FieldType).Where(field => field.IsValueType)
                       from needed in type.GetInterfaces().Concat(fields).Append(type.BaseType).SelectMany(TypeArrows.Whole)
                       where needed.Assembly.GetName().Name is "TorchSharp" or "Microsoft.ML.Diffusion.Autograd"
                       select $"{type.FullName} needs {needed.Name}").ToList();

        Assert.IsEmpty(loading, string.Join('\n', loading));
    }

    [TestMethod]
    public void Laden_TypesOfTheRoom_AreThoseOfTorchSharpAndNotThoseThatLookForFiles()
    {
        Assert.Contains(typeof(TorchNetwork), _laden);
        Assert.Contains(typeof(GradientShards), _laden, "tensors only by others");
        Assert.DoesNotContain(typeof(CudaFiles), _laden);
        Assert.DoesNotContain(typeof(LibTorchAdvice), _laden);
    }

    [TestMethod]
    [DataRow(typeof(InClosure))]
    [DataRow(typeof(InSignatureOfACall))]
    [DataRow(typeof(InGenericArgument))]
    public void Scan_NameOfTorchSharp_IsSeen(Type type) => Assert.IsTrue(TypeArrows.NamedBy(type).Any(IsOfTorchSharp));

    // The types of the room that are of TorchSharp, hold or call something of it, or use such a type.
    private static HashSet<Type> Laden()
    {
        var laden = _types[true].Where(type => TypeArrows.NamedBy(type).Any(IsOfTorchSharp)).ToHashSet();
        while (_types[true].FirstOrDefault(type => !laden.Contains(type) && TypeArrows.UsedBy(type).Overlaps(laden)) is { } next)
        {
            laden.Add(next);
        }

        return laden;
    }

    private static bool IsOfTorchSharp(Type type) => type.Assembly == typeof(torch).Assembly;

    [GeneratedRegex(@"\busing\b[^;\r\n]*\bTorchSharp\b[^;\r\n]*;")]
    private static partial Regex Using();

    private static class InClosure
    {
        public static Func<object> Of() => () => torch.zeros(1);
    }

    private static class InSignatureOfACall
    {
        public static void Call() => Batches.Take(null);
    }

    private static class InGenericArgument
    {
        public static int Make() => new List<(int, torch.Tensor[])>().Count;
    }

    private static class Batches
    {
        public static void Take(torch.Tensor? tensor) => Console.WriteLine(tensor is null);
    }
}
