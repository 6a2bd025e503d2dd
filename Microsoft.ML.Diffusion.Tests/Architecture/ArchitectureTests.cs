using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Architecture;

/// <summary>The plan of the house: rooms from the ground up, each of which uses those below it alone.</summary>
[TestClass]
public class ArchitectureTests
{
    private const string Root = "Microsoft.ML.Diffusion";

    private static readonly string[] _rooms =
    [
        "Runtime", "Images", "Schedules", "DiffusionProcess", "Networks/Kernels", "Networks", "Samplers", "Model", "Generation", "Evaluation", "Data/Rows", "Data/Files", "Data/Columns", "Data/Training",
        "Persistence/Safetensors", "Persistence/ModelFile", "Persistence/Diffusers", "Training/Checkpoints", "Training", "",
    ];

    private static readonly ILookup<string, string> _files = TypeArrows.Files(BuildFiles.InRoot(Root));

    [TestMethod]
    public void Arrows_BetweenRooms_PointDown()
    {
        var up = (from type in TypeArrows.Declared(typeof(DiffusionTransformer).Assembly)
                  from used in TypeArrows.UsedBy(type)
                  where Floor(used) > Floor(type)
                  orderby Floor(type), type.Name
                  select $"{Room(type)}: {type.Name} uses {used.Name} of {Room(used)}").ToList();
        Assert.IsEmpty(up, string.Join('\n', up));
    }

    private static int Floor(Type type) => Array.IndexOf(_rooms, Room(type));

    private static string Room(Type type) => _files[Name(type)].Select(file => Path.GetDirectoryName(file)!.Replace('\\', '/')).Distinct().SingleOrDefault() ?? throw new InvalidOperationException($"No file declares {type.FullName}.");

    private static string Name(Type type) => type.Name.Split('`')[0];
}
