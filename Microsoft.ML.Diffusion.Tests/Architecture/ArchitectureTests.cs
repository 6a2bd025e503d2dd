using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Architecture;

/// <summary>The plan of the house, as docs/architecture.md draws it: rooms from the ground up, each of which uses those below it alone.</summary>
[TestClass]
public partial class ArchitectureTests
{
    private const string Library = "Microsoft.ML.Diffusion";

    private static readonly Assembly _assembly = typeof(DiffusionTransformer).Assembly;
    private static readonly string _document = File.ReadAllText(BuildFiles.InRoot("docs/architecture.md"));

    /// <summary>The folders, the lowest first; the facade at the top has none.</summary>
    private static readonly string[] _rooms = [.. Room().Matches(_document).Select(match => match.Groups["name"].Value).Reverse(), ""];

    private static readonly ILookup<string, string> _files = TypeArrows.Files(BuildFiles.InRoot(Library));

    [TestMethod]
    public void Document_Rooms_AreTheFolders()
    {
        var folders = _files.SelectMany(files => files).Select(FolderOf).Distinct().ToArray();

        CollectionAssert.AreEquivalent(folders, _rooms);
        CollectionAssert.AllItemsAreUnique(_rooms);
    }

    [TestMethod]
    public void Arrows_BetweenRooms_PointDown()
    {
        var up = (from type in TypeArrows.Declared(_assembly)
                  from used in TypeArrows.UsedBy(type)
                  where Floor(used) > Floor(type)
                  orderby Floor(type), type.Name
                  select $"{RoomOf(type)}: {type.Name} uses {used.Name} of {RoomOf(used)}").ToList();

        Assert.IsEmpty(up, string.Join('\n', up));
    }

    [TestMethod]
    public void Scan_TypesThatUseOthers_AreSeen()
    {
        Assert.Contains(typeof(Network), TypeArrows.UsedBy(typeof(Model.DiffusionModel)), "a parameter and a field");
        Assert.Contains(typeof(Model.NetworkCalls), TypeArrows.UsedBy(typeof(Generation.ClassPath)), "a call inside of a closure");
        Assert.Contains(typeof(Sampler), TypeArrows.UsedBy(typeof(HeunSampler)), "a base");
        Assert.DoesNotContain(typeof(DiffusionTransformer), TypeArrows.UsedBy(typeof(Model.DiffusionModel)), "a name in a comment");
    }

    [TestMethod]
    public void Types_PublicOnes_AreInOneNamespaceAndOthersInThatOfTheirRoom()
    {
        foreach (var type in TypeArrows.Declared(_assembly)
            .Where(type => type != typeof(DiffusionCatalogExtensions) && type != typeof(DiffusionServiceExtensions)))
        {
            var room = RoomOf(type);
            Assert.AreEqual(type.IsPublic ? Library : $"{Library}.{room.Replace('/', '.')}".TrimEnd('.'), type.Namespace, type.Name);
            Assert.IsTrue(room.Length > 0 || type.IsPublic, $"{type.Name} is internal: the facade has no types of its own");
        }
    }

    [TestMethod]
    public void Network_IsCalledThroughOneDoor()
    {
        CollectionAssert.AreEquivalent(
            new[] { "NetworkCalls" },
            Callers(typeof(Network).GetMethod(nameof(Network.Predict))!, typeof(Network).GetMethod(nameof(Network.Bottleneck))!));
        CollectionAssert.AreEqual(
            new[] { "TrainingStep" },
            Callers(typeof(NetworkTraining).GetMethod(nameof(NetworkTraining.AddGradients))!));
        CollectionAssert.AreEqual(new[] { "TorchEngine" }, Callers(typeof(TorchNetwork).GetConstructors()));
        CollectionAssert.AreEquivalent(
            new[] { "TorchNetwork", "TorchTraining" },
            Callers(typeof(UNet).GetMethod(nameof(UNet.Forward))!, typeof(UNet).GetMethod(nameof(UNet.Bottleneck))!));
        CollectionAssert.AreEqual(new[] { "UNet" }, Callers(typeof(TorchWalk).GetMethod(nameof(TorchWalk.To))!));

        static string[] Callers(params MethodBase[] calls) =>
        [
            .. (from method in MethodCode.Methods(_assembly)
                where MethodCode.Called(method).Intersect(calls).Any()
                let type = method.DeclaringType!
                select (type.DeclaringType ?? type).Name).Distinct(),
        ];
    }

    private static int Floor(Type type) => Array.IndexOf(_rooms, RoomOf(type));

    private static string RoomOf(Type type) =>
        _files[type.Name.Split('`')[0]].Select(FolderOf).Distinct().SingleOrDefault()
            ?? throw new InvalidOperationException($"No file declares {type.FullName}.");

    private static string FolderOf(string file) => Path.GetDirectoryName(file)!.Replace('\\', '/');

    [GeneratedRegex(@"^\| (?<name>[A-Z][\w/]+) +\|", RegexOptions.Multiline)]
    private static partial Regex Room();
}
